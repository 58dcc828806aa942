"""The commands of plot: pictures of shapes, modes, sounds and datasets."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np
import numpy.typing as npt

from .command import Command, Group, answer
from .information import label_numbers
from .settings import drum_options, struck

if TYPE_CHECKING:
    from ..listening import Prediction

_KINDS: Final = (".png", ".svg", ".pdf")
_PARTIALS: Final = 15
_BEFORE: Final = 0.05  # seconds before the strike
_LONGEST: Final = 4.0  # seconds


def _saved(figure: Any, out: Path, **record: Any) -> None:
    """Write a figure, and say where."""
    from .._files import reporting

    with reporting("drawing a picture", out):
        figure.savefig(out, dpi=150)
    answer(f"drawn: {out}", {"picture": out, **record})


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
    """Draw the outline of a DRUM, to scale.

    DRUM is what synthesise takes.
    """
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
    """Draw the modes of a DRUM (Chladni patterns).

    DRUM is what synthesise takes. Each mode has its frequency, and its nodal lines are drawn.
    """
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
    """Draw the spectrum of a sound FILE.

    The partials of the drum that is heard in it are named.
    """
    from ..listening import listen
    from ..plot import sound_figure

    (sound, rate), title = recorded(file), click.format_filename(file.name)
    partials: list[tuple[str, float]] = []
    if not no_listen:
        heard = listen(file, model=model)
        title, partials = f"{title}\n{textwrap.fill(str(heard), 90)}", partials_heard(heard)
    _saved(sound_figure(sound, rate, partials, title=title), out, partials=dict(partials))


def recorded(file: Path) -> tuple[npt.NDArray[np.float64], int]:
    """Return a recording, mixed down, from a little before its strike on, and its rate."""
    from ..listening import find_strike
    from ..listening.audio import mixed_down
    from ..listening.sound_file import read_mono

    waveform, rate = read_mono(file)
    try:
        sound = mixed_down(waveform)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    begin = max(0, find_strike(sound, rate) - round(_BEFORE * rate))
    return sound[begin : begin + round(_LONGEST * rate)], rate


def partials_heard(prediction: "Prediction") -> list[tuple[str, float]]:
    """Return the names and frequencies of the lowest partials of a drum that is heard."""
    from ..plot import named_partials

    if not prediction.is_drum:
        return []
    return named_partials(prediction.shape, _PARTIALS, wave_speed=prediction.wave_speed)


@click.command(cls=Command, example="plot dataset data/drums --out drums.png")
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
@_out("dataset.png")
def dataset(directory: str, out: Path) -> None:
    """Draw the labels and sounds of a dataset.

    It shows how the labels of that in DIRECTORY are spread, and its first samples.
    """
    from ..dataset import loadDataset
    from ..plot import dataset_figure

    found = loadDataset(directory)
    _saved(dataset_figure(label_numbers(found), found.X[:4].numpy(), title=repr(found)), out)


@click.group(cls=Group)
def plot() -> None:
    """Draw a shape, its modes, a spectrum or a dataset."""


for each in (shape, modes, spectrum, dataset):
    plot.add_command(each)
