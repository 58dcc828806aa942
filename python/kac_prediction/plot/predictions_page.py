"""Predictions as HTML: sounds that tell their numbers where they are pointed at, drums to scale."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

import numpy as np

from .. import _html
from .._arrays import Float64
from .axis import Axis, drawing, grid
from .style import PREDICTED, TRUE

_SIDE: Final = 320  # of a drawing of predictions
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 12, 12, 40  # margins
_MOST: Final = 1000  # sounds that are drawn
_LARGEST: Final = 220  # pixels of the largest drum
_POINTS: Final = 256  # of an outline


def scatter_html(label: str, unit: str, true: Float64, predicted: Float64) -> str:
    """Draw predictions over the truth, shape (n,) each, n from 1; each sound tells its own.

    Of more than 1000 sounds, some are drawn.
    """
    name = label.replace("_", " ")
    of = f" {unit}" if unit else ""
    both = np.concatenate([true, predicted])
    margin = 0.05 * float(np.ptp(both)) or 0.05 * float(np.abs(both).max()) or 1.0
    ends = float(both.min()) - margin, float(both.max()) + margin
    x = Axis(*ends, _LEFT, _SIDE - _RIGHT)
    y = Axis(*ends, _SIDE - _BOTTOM, _TOP)
    line = f'<path d="M{x.start} {y.start}L{x.end} {y.end}" stroke="currentColor"/>'
    chosen = range(0, len(true), -(-len(true) // _MOST))
    dots = (
        f'<circle class="sound" cx="{across:.1f}" cy="{up:.1f}" r="3.5" fill="{TRUE}" '
        f'fill-opacity="0.6"><title>true {true[k]:.4g}{escape(of)}, '
        f"predicted {predicted[k]:.4g}{escape(of)}</title></circle>"
        for k, across, up in zip(chosen, x.at(true[chosen]), y.at(predicted[chosen]), strict=True)
    )
    error = float(np.abs(predicted - true).mean())
    shown = f" ({unit})" if unit else ""
    grids = grid(x, y, f"true{shown}", f"predicted{shown}")
    drawn = drawing([*grids, line, *dots], f"predicted {name} by the true one", _SIDE, _SIDE, 24)
    told = f"{name} of {len(true)} unseen sounds, mean absolute error {error:.4g}{of}"
    return f'<div style="flex:1 1 18rem;max-width:24rem"><p>{escape(told)}</p>{drawn}</div>'


def confusion_html(label: str, names: Sequence[str], true: Float64, predicted: Float64) -> str:
    """Return a table of how many of each class, a row, were taken for each; indices of names."""
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (true.astype(np.int64), predicted.astype(np.int64)), 1)
    right = float(np.trace(counts)) / max(int(counts.sum()), 1)
    rows = [[name, *map(str, row)] for name, row in zip(names, counts.tolist(), strict=True)]
    name = escape(label.replace("_", " "))
    told = f"{name} of {len(true)} unseen sounds, {right:.0%} right; a row for each true one"
    return f"<div><p>{told}</p>{_html.table(rows, ['', *names])}</div>"


def drums_html(drums: Sequence[Mapping[str, Float64]], discs: bool = False) -> str:
    """Draw drums to one scale, each under the predicted one: outlines `true` and `predicted`.

    Outlines have the shape (n, 2), metres, about the centroid. `discs` of their areas are said to
    be such.
    """
    extents = [np.ptp(np.concatenate([*drum.values()]), axis=0).max() for drum in drums]
    scale = _LARGEST / max(*map(float, extents), 1e-9)
    figures = "".join(_drum(drum, scale) for drum in drums)
    lines = "".join(
        f'<svg width="34" height="12" role="img" aria-label="{name}"><path d="M0 6h30" '
        f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/></svg>{name}  '
        for name, colour, dashes in (("true", TRUE, ""), ("predicted", PREDICTED, "5 3"))
    )
    style = "display:flex;flex-wrap:wrap;gap:1em 2em;align-items:flex-end"
    name = "Drums to scale, as discs of their areas" if discs else "Drums to scale"
    return f'<p>{name}: {lines}</p><div style="{style}">{figures}</div>'


def _drum(drum: Mapping[str, Float64], scale: float) -> str:
    """Draw a drum under the predicted one, over their sizes."""
    points = np.concatenate([*drum.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (high - low) * scale + 6
    sizes = {name: _area(outline) ** 0.5 for name, outline in drum.items()}
    drawn = "".join(_outlines(drum, sizes, np.array([low[0], high[1]]), scale))
    told = "<br>".join(f"{name} {size:.3f} m" for name, size in sizes.items())
    return (
        f'<figure style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="a drum, true and predicted">{drawn}</svg>'
        f'<figcaption style="font-size:smaller">{told}</figcaption></figure>'
    )


def _outlines(
    drum: Mapping[str, Float64], sizes: Mapping[str, float], corner: Float64, scale: float
) -> Iterator[str]:
    """Draw the outlines of a drum from the upper left corner on; each tells its size."""
    styles = {
        "true": f'stroke="{TRUE}" fill="{TRUE}" fill-opacity="0.12"',
        "predicted": f'stroke="{PREDICTED}" fill="none" stroke-dasharray="6 3"',
    }
    for name, style in styles.items():
        outline = drum[name][:: -(-len(drum[name]) // _POINTS)]
        places = (outline - corner) * (scale, -scale) + 3
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        title = f"<title>{name} {sizes[name]:.4g} m</title>"
        yield f'<polygon {style} stroke-width="2" points="{path}">{title}</polygon>'


def _area(outline: Float64) -> float:
    """Return the area of a polygon, by the shoelace formula."""
    x, y = outline.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
