"""Pieces of HTML that objects show in notebooks: outlines, players, tables and pictures.

All text is escaped, nothing is fetched, and every piece is bounded in size.
"""

import base64
import io
import wave
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ._checks import brief, shorten

LONGEST: Final = 2**17
"""Samples of a player, 2.7 s at 48 kHz, which are 350 kB of a page; what follows is left out."""

_RATES: Final = (3000, 192_000)  # Hz that browsers play
_POINTS: Final = 512  # of an outline
_ROWS: Final = 64  # of a table
_SIDE: Final = 150  # pixels of a drawing


def block(title: str, *pieces: str) -> str:
    """Return pieces under a title, side by side where there is room."""
    style = "display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"
    return f'<div><p><b>{escape(title)}</b></p><div style="{style}">{"".join(pieces)}</div></div>'


def table(rows: Iterable[Sequence[Any]], header: Sequence[str] = ()) -> str:
    """Return a table, the first column flush left, the others right; values cut short.

    Numbers have six digits.
    """
    cells = [
        [text if isinstance(text, str) else brief(_rounded(text)) for text in row] for row in rows
    ]
    if left := len(cells[_ROWS:]):
        cells[_ROWS:] = [[f"and {left} more"]]
    lines = [_row("th", header)] if header else []
    return f"<table>{''.join([*lines, *(_row('td', row) for row in cells)])}</table>"


def outline(points: npt.ArrayLike, name: str = "") -> str:
    """Draw a closed outline, points of shape (n, 2), n from 1, to fill a square."""
    outline = np.asarray(points, dtype=np.float64)
    outline = outline[:: -(-len(outline) // _POINTS)]
    low, high = outline.min(axis=0), outline.max(axis=0)
    scaled = (outline - (low + high) / 2) * (94 / max(float((high - low).max()), 1e-300))
    path = " ".join(f"{x + 50:.2f},{50 - y:.2f}" for x, y in scaled)
    shape = '<polygon fill="#0072B2" fill-opacity="0.12" stroke="#0072B2" stroke-width="1.2"'
    size = f'viewBox="0 0 100 100" width="{_SIDE}" height="{_SIDE}"'
    title = f"<title>{escape(name)}</title>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{title}{shape} points="{path}"/></svg>'


def player(
    waveform: npt.ArrayLike, sample_rate: int, name: str = "", longest: int = LONGEST
) -> str:
    """Return a player of a sound, shape (length,), its first `longest` samples, in 16 bits.

    It is made softer where it is beyond -1 to 1; what no browser plays is said instead.
    """
    sound = np.asarray(waveform, dtype=np.float64)[:longest]
    if not _RATES[0] <= sample_rate <= _RATES[1] or not np.isfinite(sound).all():
        return f"<p>{escape(name)} cannot be played: {sample_rate} Hz, or not finite</p>"
    levels = np.rint(sound * (32767 / max(1.0, float(np.abs(sound).max(initial=0)))))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(sample_rate)
        written.writeframes(levels.astype("<i2").tobytes())
    source = f"data:audio/wav;base64,{_base64(file.getvalue())}"
    return (
        f'<figure style="margin:0"><audio controls src="{source}"></audio>{_caption(name)}</figure>'
    )


def picture(png: bytes, name: str = "") -> str:
    """Return a picture, the bytes of a PNG."""
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{_base64(png)}">'


def folded(title: str, text: str) -> str:
    """Return a text as it is laid out, to be unfolded."""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _rounded(value: Any) -> Any:
    """Return a value whose numbers have six digits, as far as lists and dictionaries are short."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list | tuple) and len(value) <= _ROWS:
        rounded = [_rounded(each) for each in value]
        return rounded if isinstance(value, list) else tuple(rounded)
    if isinstance(value, dict) and len(value) <= _ROWS:
        return {key: _rounded(each) for key, each in value.items()}
    return value


def _row(tag: str, texts: Sequence[str]) -> str:
    sides = ["left", *["right"] * (len(texts) - 1)]
    cells = [
        f'<{tag} style="text-align:{side}">{escape(shorten(text))}</{tag}>'
        for side, text in zip(sides, texts, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _caption(name: str) -> str:
    return f"<figcaption>{escape(name)}</figcaption>" if name else ""


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
