"""The command report: one page of HTML, with pictures and players, that needs nothing else."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, Final

import click

from .command import Command, answer, complain, message_of
from .hearing import sound_files
from .html_page import picture_of, sound_played, write_page
from .information import kind_of, label_numbers
from .pictures import partials_heard, recorded

_MOST: Final = 50  # sounds of a page: each takes up to 0.8 MB


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
    sections = [section for place in places for section in _sections(place, model)]
    title = f"kac_prediction: {', '.join(places)}"
    write_page(out, title, sections)
    size = out.stat().st_size
    told = f"written: {out} ({size / 1e6:.1f} MB)"
    answer(told, {"page": out, "sections": len(sections), "bytes": size})


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
    return found._repr_html_() + picture_of(figure, f"labels and samples of {place}")


def _model(place: str) -> str:
    """Return what a page shows of a model, and of the run it is of."""
    from .._files import read_records
    from ..pipeline import loadModel
    from ..plot.curve_page import curve_html

    shown = loadModel(place)._repr_html_()
    folder = Path(place) if Path(place).is_dir() else Path(place).parent
    if records := read_records(folder / "log.jsonl"):
        shown += curve_html(records)
    return shown + _predictions(folder)


def _predictions(folder: Path) -> str:
    """Return what a page shows of the predictions of a run, or the picture that it drew of them."""
    from .. import _html
    from ..plot.predictions_page import confusion_html, drums_html, scatter_html
    from ..routines.predictions import PREDICTIONS, Predictions

    try:
        found = Predictions.read(folder / PREDICTIONS)
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError):
            complain(message_of(error))
        drums = folder / "drums.png"
        return _html.picture(drums.read_bytes(), "predictions") if drums.is_file() else ""
    drawn = [
        confusion_html(label, each.classes, each.true, each.predicted)
        if each.classes
        else scatter_html(label, each.unit, each.true, each.predicted)
        for label, each in found.labels.items()
    ]
    return _html.block("Predictions", *drawn) + (
        drums_html(found.drums, found.discs) if found.drums else ""
    )


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
    played = [sound_played(sound, rate, "the recording")]
    if heard.is_drum:
        with suppress(ValueError):  # of a size that no drum sounds at
            drum = heard.drum()
            played.append(sound_played(drum.strike(), drum.sample_rate, HEARD))
    figure = sound_figure(sound, rate, partials_heard(heard))
    name = f"the wave of {file.name} and its spectrum, with the partials heard"
    return _html.block(file.name, *played) + shown(heard, player=False) + picture_of(figure, name)
