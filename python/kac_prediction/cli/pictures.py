"""The commands of plot: pictures of shapes, modes, sounds and datasets."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from .command import Command, Group, answer
from .information import label_numbers
from .settings import drum_options, struck

_KINDS: Final = (".png", ".svg", ".pdf")
_PARTIALS: Final = 15


def _saved(figure: Any, out: Path, **record: Any) -> None:
    """Write a figure, and say where."""
    from .._files import reporting

    with reporting("drawing a picture", out):
        figure.savefig(out, dpi=150)
    answer(f"drawn: {click.format_filename(out)}", {"picture": out, **record})


def _picture(context: click.Context, option: click.Parameter, out: Path) -> Path:
    """Return where a picture is written; refuse what is none."""
    if out.suffix.lower() not in _KINDS:
        raise click.BadParameter(f"{out} is no picture: end it in {', '.join(_KINDS)}")
    return out


def _out(name: str) -> Callable[[Any], Any]:
    """Return the option that says where a picture is written."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", type=kind, default=name, show_default=True, callback=_picture)


_SEED = click.option("--seed", type=click.IntRange(0), help="Of what is drawn by chance.")


@click.command(cls=Command, example="plot shape ellipse --aspect-ratio 2 --out ellipse.svg")
@drum_options
@_SEED
@_out("shape.png")
def shape(drum: str, seed: int | None, out: Path, **options: Any) -> None:
    """Draw the outline of a DRUM, as synthesise takes it, to scale."""
    found, seed = _shape_of(drum, seed, options)
    from ..plot import drum_figure

    title = f"{drum}, {found.shape.area**0.5:.3g} m"
    _saved(drum_figure(found.shape, title), out, area=found.shape.area, seed=seed)


@click.command(cls=Command, example="plot modes star --seed 3 --count 12 --out modes.png")
@drum_options
@_SEED
@click.option("--count", type=click.IntRange(1, 200), default=12, show_default=True)
@_out("modes.png")
def modes(drum: str, seed: int | None, count: int, out: Path, **options: Any) -> None:
    """Draw the modes of a DRUM, as synthesise takes it, with their nodal lines (Chladni)."""
    found, seed = _shape_of(drum, seed, options)
    from ..plot import modes_figure

    size, speed = found.shape.area**0.5, found.wave_speed
    title = f"{drum}, {size:.3g} m, waves at {speed:.4g} m/s"
    figure = modes_figure(found.shape, count, wave_speed=speed, title=title)
    _saved(figure, out, drum_size=size, seed=seed)


def _shape_of(drum: str, seed: int | None, options: dict[str, Any]) -> Any:
    """Return a sampler that has a shape, and its seed."""
    found, seed = struck(seed, drum=drum, **options)
    if not hasattr(found, "shape"):
        raise click.UsageError(f"{drum} has no shape that could be drawn: take circle, star, ...")
    return found, seed


@click.command(cls=Command, example="plot spectrum my_drum.wav --out spectrum.png")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", default="any-drum", show_default=True, help="What hears the drum.")
@click.option("--no-listen", is_flag=True, help="Draw the sound alone, without its partials.")
@_out("spectrum.png")
def spectrum(file: Path, model: str, no_listen: bool, out: Path) -> None:
    """Draw the spectrum of a sound FILE, and the partials of the drum that is heard in it."""
    from ..listening import listen, read_sound
    from ..plot import named_partials, sound_figure

    waveform, rate = read_sound(file)
    partials: list[tuple[str, float]] = []
    title = file.name
    if not no_listen:
        heard = listen(file, model=model)
        title = f"{file.name}\n{textwrap.fill(str(heard), 90)}"
        if heard.is_drum:
            partials = named_partials(heard.shape, _PARTIALS, wave_speed=heard.wave_speed)
    figure = sound_figure(waveform.mean(axis=1), rate, partials, title=title)
    _saved(figure, out, partials=dict(partials))


@click.command(cls=Command, example="plot dataset data/drums --out drums.png")
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
@_out("dataset.png")
def dataset(directory: str, out: Path) -> None:
    """Draw how the labels of the dataset in DIRECTORY are spread, and its first samples."""
    from ..dataset import loadDataset
    from ..plot import dataset_figure

    found = loadDataset(directory)
    _saved(dataset_figure(label_numbers(found), found.X[:4].numpy(), title=repr(found)), out)


@click.group(cls=Group)
def plot() -> None:
    """Draw a shape, its modes, a spectrum or a dataset."""


for each in (shape, modes, spectrum, dataset):
    plot.add_command(each)
