"""The command report: one page of HTML, with pictures and players, that needs nothing else."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, Final

import click

from .._arrays import Float64
from .command import Command, answer, complain, message_of
from .hearing import sound_files
from .information import kind_of, label_numbers
from .pictures import partials_heard, recorded

_MOST: Final = 50  # sounds of a page: each takes up to 0.8 MB

_STYLE: Final = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4; }
body { max-width: 62rem; margin: auto; padding: 1rem; }
section { border-top: 1px solid #8888; padding: 0.5rem 0 1.5rem; overflow-x: auto; }
img { max-width: 100%; height: auto; background: white; border-radius: 6px; }
svg, audio, details { max-width: 100%; }
pre { overflow-x: auto; }
.epoch:hover { fill: #8883; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
td, th { padding: 0.1rem 0.6rem 0.1rem 0; vertical-align: top; }
@media (max-width: 30rem) {
  table { font-size: 0.8rem; }
  td, th { padding-right: 0.3rem; }
}
"""


@click.command(cls=Command, example="report data/drums model/RUN recordings/ --out report.html")
@click.argument("places", metavar="DIR|FILE...", nargs=-1, required=True)
@click.option("--model", default="any-drum", show_default=True, help="What hears the sounds.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="report.html",
    show_default=True,
)
def report(places: tuple[str, ...], model: str, out: Path) -> None:
    """Write a page of tables, pictures and players.

    Of a dataset it has labels and first sounds, of a run (or a checkpoint) what it hears, and its
    losses, of sound files and of folders of them the drums that are heard. The page is one file,
    which needs no network.
    """
    from .._files import replacing, reporting

    sections = [section for place in places for section in _sections(place, model)]
    title = f"kac_prediction: {', '.join(places)}"
    with reporting("writing a page", out), replacing(out) as staged:
        staged.write_text(_page(title, sections), encoding="utf-8", errors="replace")
    size = out.stat().st_size
    told = f"written: {out} ({size / 1e6:.1f} MB)"
    answer(told, {"page": out, "sections": len(sections), "bytes": size})


def _page(title: str, sections: Sequence[str]) -> str:
    """Return a page of HTML."""
    body = "\n".join(f"<section>{section}</section>" for section in sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _sections(place: str, model: str) -> list[str]:
    """Return what a page shows of a place."""
    path, kind = Path(place), kind_of(place)
    if kind == "dataset":
        return [_dataset(place)]
    if kind == "model" and (not path.is_dir() or any(path.rglob("*.pt"))):
        return [_model(place)]
    return _sounds([path], model)


def _dataset(place: str) -> str:
    """Return what a page shows of a dataset."""
    from ..dataset import loadDataset
    from ..plot import dataset_figure

    found = loadDataset(place)
    figure = dataset_figure(label_numbers(found), found.X[:4].numpy())
    return found._repr_html_() + _picture(figure, f"labels and samples of {place}")


def _model(place: str) -> str:
    """Return what a page shows of a model, and of the run it is of."""
    from .. import _html
    from .._files import read_records
    from ..pipeline import loadModel
    from ..plot.curve_page import curve_html

    shown = loadModel(place)._repr_html_()
    folder = Path(place) if Path(place).is_dir() else Path(place).parent
    if records := read_records(folder / "log.jsonl"):
        shown += curve_html(records)
    drums = folder / "drums.png"
    return shown + (_html.picture(drums.read_bytes(), "predictions") if drums.is_file() else "")


def _sounds(places: Sequence[Path], model: str) -> list[str]:
    """Return what a page shows of the drums that are heard in sounds."""
    from .. import _html
    from .._progress import progress_bar
    from ..pipeline import loadModel

    files, network, sections = sound_files(places), loadModel(model), []
    for file in progress_bar(files[:_MOST], hidden=len(files) == 1, unit=" files"):
        try:
            sections.append(_sound(file, network))
        except (OSError, ValueError) as error:
            complain(message_of(error))
            sections.append(_html.block(file.name, f"<p>{escape(message_of(error))}</p>"))
    if left := files[_MOST:]:
        sections.append(f"<p>and {len(left)} more sounds</p>")
    return sections


def _sound(file: Path, model: Any) -> str:
    """Return a sound beside the drum that is heard in it, what that is, and its spectrum."""
    from .. import _html
    from ..listening import listen
    from ..listening.described import HEARD, shown
    from ..plot import sound_figure

    heard, (sound, rate) = listen(file, model=model), recorded(file)
    played = [_played(sound, rate, "the recording")]
    if heard.is_drum:
        with suppress(ValueError):  # of a size that no drum sounds at
            drum = heard.drum()
            played.append(_played(drum.strike(), drum.sample_rate, HEARD))
    figure = sound_figure(sound, rate, partials_heard(heard))
    name = f"the wave of {file.name} and its spectrum, with the partials heard"
    return _html.block(file.name, *played) + shown(heard, player=False) + _picture(figure, name)


def _played(sound: Float64, rate: int, name: str) -> str:
    """Return a player of a sound, and its spectrogram under it."""
    from .. import _html
    from ..plot import spectrogram_figure

    figure = spectrogram_figure(sound, rate)
    return f"<div>{_html.player(sound, rate, name)}{_picture(figure, f'spectrogram: {name}')}</div>"


def _picture(figure: Any, name: str) -> str:
    """Return a figure as a picture of the page."""
    from .. import _html

    return _html.picture(figure._repr_png_(), name)
