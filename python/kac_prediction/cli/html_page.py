"""A page of HTML that needs nothing else: its frame, sounds and pictures."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from .. import _html
from .._arrays import Float64
from .._files import replacing, reporting

_STYLE: Final = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4; }
body { max-width: 62rem; margin: auto; padding: 1rem; }
section { border-top: 1px solid #8888; padding: 0.5rem 0 1.5rem; overflow-x: auto; }
img { max-width: 100%; height: auto; background: white; border-radius: 6px; }
svg, audio, details { max-width: 100%; }
pre { overflow-x: auto; }
.epoch:hover { fill: #8883; }
.sound:hover { fill-opacity: 1; stroke: currentColor; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
td, th { padding: 0.1rem 0.6rem 0.1rem 0; vertical-align: top; }
@media (max-width: 30rem) {
  table { font-size: 0.8rem; }
  td, th { padding-right: 0.3rem; }
}
"""


def write_page(path: Path, title: str, sections: Sequence[str]) -> None:
    """Write a page; one that is there is replaced as a whole, or not at all."""
    with reporting("writing a page", path), replacing(path) as staged:
        staged.write_text(_page(title, sections), encoding="utf-8", errors="replace")


def _page(title: str, sections: Sequence[str]) -> str:
    """Return a page of HTML."""
    body = "\n".join(f"<section>{section}</section>" for section in sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def sound_played(sound: Float64, rate: int, name: str, longest: int = _html.LONGEST) -> str:
    """Return a player of a sound, and its spectrogram under it."""
    from ..plot import spectrogram_figure

    drawn = picture_of(spectrogram_figure(sound, rate), f"spectrogram: {name}")
    return f"<div>{_html.player(sound, rate, name, longest)}{drawn}</div>"


def picture_of(figure: Any, name: str) -> str:
    """Return a figure as a picture of the page."""
    return _html.picture(figure._repr_png_(), name)
