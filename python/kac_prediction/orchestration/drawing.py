"""Drawings (SVG) of scores: a piano-roll of the strikes, and the drums to one scale.

Nothing but the height of a piano-roll is fixed: it fills the width that there is, and letters stay
as large as they are. Text has the colour of the page, light or dark.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from .._arrays import Float64
from .locations import place_of

if TYPE_CHECKING:
    from .drum import Drum
    from .score import Score, Strike

# Of Okabe and Ito (2008), the lowest drum first; a seventh one has the colour of the first.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_WIDTH: Final = 860  # pixels of a piano-roll, where there is so much room
_ROW, _BAR, _AXIS = 34, 16, 22  # pixels of its height
_ROWS: Final = 24  # drums of a piano-roll
_STRIKES: Final = 1000  # of a piano-roll: 300 kB
_MARKS: Final = 100  # strikes that are marked on a drum
_TICKS: Final = 6
_RANGE: Final = 40.0  # dB from the loudest strike to the faintest shade
_LARGEST: Final = 160.0  # pixels of the largest drum
_DRUMS: Final = 24  # that are drawn
_POINTS: Final = 512  # of an outline


def by_pitch(drums: "Sequence[Drum]") -> list[int]:
    """Return the numbers of drums by their lowest partials, the lowest first."""
    return sorted(range(len(drums)), key=lambda k: drums[k].fundamental)


def piano_roll(score: "Score") -> str:
    """Draw the strikes over time: a row for each drum, by pitch; length T60, shade the level.

    Of many strikes the loudest 1000 are drawn, of many drums the lowest 24.
    """
    rows = by_pitch(score.drums)[:_ROWS]
    row_of = {drum: len(rows) - 1 - rank for rank, drum in enumerate(rows)}
    colours = colours_of(rows)
    drawn = sorted((s for s in score if s.drum in row_of), key=lambda s: -s.level)[:_STRIKES]
    loudest = drawn[0].level if drawn else 1.0
    height = _ROW * len(rows) + _AXIS
    pieces = [
        *_grid(score.duration, height),
        *(_row(str(score.drums[drum]), row_of[drum], colours[drum]) for drum in rows),
        *(
            _bar(strike, row_of[strike.drum], colours[strike.drum], score.duration, loudest)
            for strike in drawn
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="strikes over time, a row for each drum" font-size="12" '
        f'font-family="system-ui, sans-serif" fill="currentColor" '
        f'style="display:block;width:100%">{"".join(pieces)}</svg>'
    )


def drums_to_scale(drums: "Sequence[Drum]", strikes: "Sequence[Strike]" = ()) -> str:
    """Draw drums to one scale, the lowest first, with what there is to build.

    A dot is where a drum is heard, a ring where it is struck. Of many, the lowest 24 are drawn.
    """
    order = by_pitch(drums)
    shown, colours = order[:_DRUMS], colours_of(order)
    if not shown:
        return ""
    scale = _LARGEST / max(float(np.ptp(drums[k].shape.outline(), axis=0).max()) for k in shown)
    figures = "".join(
        _figure(
            drum_to_scale(drums[k], own, scale, colours[k]),
            _told(k, drums[k], own),
        )
        for k in shown
        for own in [[strike for strike in strikes if strike.drum == k]]
    )
    struck = ", a ring where it is struck" if strikes else ""
    left = f"; and {len(order) - len(shown)} higher ones" if len(order) > len(shown) else ""
    style = "display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-end"
    return (
        f'<div><div style="{style}">{figures}{scale_bar(scale)}</div>'
        f"<p>A dot is where a drum is heard, seen from its centroid{struck}{left}.</p></div>"
    )


def drum_to_scale(drum: "Drum", strikes: "Sequence[Strike]", scale: float, colour: str) -> str:
    """Draw a drum, so many pixels a metre."""
    outline = drum.shape.outline()
    outline = outline[:: -(-len(outline) // _POINTS)]
    corner = np.array([outline[:, 0].min(), outline[:, 1].max()])

    def pixels(point: Float64) -> Float64:
        across, up = ((point - corner) * scale).T
        return np.stack([across + 3, 3 - up], axis=-1)

    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels(outline))
    width, height = np.ptp(outline, axis=0) * scale + 6
    struck = {tuple(pixels(place_of(drum, s.location)).round(1)) for s in strikes[:_MARKS]}
    rings = "".join(
        f'<circle cx="{x}" cy="{y}" r="2.5" fill="none" stroke="{colour}"/>' for x, y in struck
    )
    x, y = pixels(place_of(drum, drum.heard_at))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(str(drum))}" style="max-width:100%">'
        f'<polygon fill="{colour}" fill-opacity="0.15" stroke="{colour}" stroke-width="1.5" '
        f'points="{path}"/>{rings}<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"/>'
        "</svg>"
    )


def scale_bar(scale: float) -> str:
    """Draw a bar of a round length, so many pixels a metre."""
    bar = _round_below(_LARGEST / 2 / scale)
    width = bar * scale
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2:.0f}" height="22" '
        f'role="img" aria-label="scale" font-size="12" fill="currentColor">'
        f'<path d="M1 14v6h{width:.1f}v-6" fill="none" stroke="currentColor"/>'
        f'<text x="{width / 2 + 1:.1f}" y="12" text-anchor="middle">{bar:g} m</text></svg>'
    )


def _figure(drawing: str, lines: Iterable[str]) -> str:
    """Return a drawing over lines of text."""
    text = "<br>".join(map(escape, lines))
    caption = f'<figcaption style="font-size:smaller">{text}</figcaption>'
    return f'<figure style="margin:0">{drawing}{caption}</figure>'


def _told(number: int, drum: "Drum", strikes: "Sequence[Strike]") -> Iterator[str]:
    """Yield what there is to build and to play of a drum, lines of text."""
    yield f"{number}: {drum}"
    yield f"lowest partial {drum.fundamental:.1f} Hz"
    if strikes:
        decay = float(np.median([strike.decay_time for strike in strikes]))
        yield f"{len(strikes)} {'strikes' if strikes[1:] else 'strike'}, T60 {decay:.2g} s"
    x, y = place_of(drum, drum.heard_at)
    yield f"heard at ({100 * x:.1f}, {100 * y:.1f}) cm"


def colours_of(order: Sequence[int]) -> Mapping[int, str]:
    """Return the colour of each drum."""
    return {drum: _COLOURS[rank % len(_COLOURS)] for rank, drum in enumerate(order)}


def _grid(duration: float, height: int) -> Iterator[str]:
    """Draw lines at round times, and say these."""
    step = _round_below(duration)
    while duration / step < _TICKS / 2:
        step = _round_below(0.99 * step)
    for k in range(int(duration / step) + 1):
        share = 100 * k * step / duration
        anchor = "start" if share < 2 else "end" if share > 98 else "middle"
        place = f'x1="{share:.2f}%" x2="{share:.2f}%" y1="0" y2="{height - _AXIS + 4}"'
        yield f'<line {place} stroke="currentColor" stroke-opacity="0.2"/>'
        text = f'x="{share:.2f}%" y="{height - 4}" text-anchor="{anchor}"'
        yield f"<text {text}>{k * step:g} s</text>"


def _row(name: str, row: int, colour: str) -> str:
    """Name a row of a piano-roll, over the line on which its bars stand."""
    top = _ROW * row
    line = f'x1="0" x2="100%" y1="{top + _ROW - 2}" y2="{top + _ROW - 2}"'
    mark = f'<rect x="2" y="{top + 4}" width="9" height="9" rx="2" fill="{colour}"/>'
    text = f'<text x="16" y="{top + 13}">{escape(name)}</text>'
    return f'<line {line} stroke="{colour}" stroke-opacity="0.5"/>{mark}{text}'


def _bar(strike: "Strike", row: int, colour: str, duration: float, loudest: float) -> str:
    """Draw a strike: a line where it falls, and its decay."""
    left = 100 * strike.time / duration
    width = max(100 * min(strike.decay_time, duration - strike.time) / duration, 0.1)
    below = max(0.0, 1 + 20 * math.log10(strike.level / loudest) / _RANGE)
    place = f'x="{left:.2f}%" y="{_ROW * row + _ROW - 2 - _BAR}" height="{_BAR}" fill="{colour}"'
    told = f"{strike.time:.3f} s, level {strike.level:.3g}, T60 {strike.decay_time:.3g} s"
    return (
        f'<rect {place} width="{width:.2f}%" fill-opacity="{0.1 + 0.5 * below:.2f}">'
        f"<title>{told}</title></rect>"
        f'<rect {place} width="2" fill-opacity="{0.35 + 0.65 * below:.2f}"/>'
    )


def _round_below(most: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten up to a number."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step == 1 or step * power <= most)
