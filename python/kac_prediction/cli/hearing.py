"""The command deploy: which drum is heard in each of some files, told, played and drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .messages import HELP, errors_as_messages, message_of

if TYPE_CHECKING:
    from ..dataset import AudioSampler
    from ..pipeline import Model

_HEARD = (".heard.wav", ".heard.png")  # how the files end that deploy writes


@click.command(context_settings=HELP)
@click.argument("model")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--sha256", help="Of the checkpoint.  [default: not compared]")
@click.option(
    "--label", "labels", multiple=True, help="Of each output of a legacy model, in order."
)
@click.option(
    "--wave-speed",
    type=click.FloatRange(0, min_open=True),
    help="Of the membrane, m/s; a sound tells the size over it alone.  [default: 100]",
)
@click.option("--no-refine", is_flag=True, help="Report what the network alone hears.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the drums that were heard.  [default: beside each file]",
)
@click.option("--plot", is_flag=True, help="Draw each drum that was heard as FILE.heard.png, too.")
def deploy(
    model: str,
    files: tuple[str, ...],
    sha256: str | None,
    labels: tuple[str, ...],
    out: Path | None,
    plot: bool,
    **hearing: Any,
) -> None:
    """Say which drum the MODEL hears in each sound FILE.

    MODEL is any-drum, which comes with the package, or a checkpoint, the directory of one, or its
    https address. A model of any drum tells each number with an interval that holds it in 90 %.
    Beside each file, the sound of the drum that was heard is written as FILE.heard.wav; such files
    are not listened to. A file in which nothing can be heard is reported, and the others are still
    done; so is a place that cannot be written to, after the answer.
    """
    with errors_as_messages():
        from ..pipeline import loadModel

        network = loadModel(model, sha256=sha256, labels=labels or None)
        any_drum = "outline" in (network.model_input.labels if network.model_input else ())
        if not any_drum and (plot or any(hearing.values())):
            raise ValueError(
                "--wave-speed, --no-refine and --plot go with a model of any drum, such as any-drum"
            )
    failures, written = 0, dict[Path, Path]()
    for file in files:
        try:
            path = Path(file)
            heard = (out or path.parent) / f"{path.name}{_HEARD[0]}"
            if path.name.endswith(_HEARD):
                click.echo(f"{click.format_filename(file)}: left out, a drum that was heard")
                continue
            if written.setdefault(heard, path) != path:
                raise ValueError(f"{heard} is the drum heard in {written[heard]}: rename one")
            if any_drum:
                line, whole = _hear_any_drum(network, path, heard, plot, **hearing)
            else:
                line, whole = _hear(network, path, heard)
            click.echo(f"{click.format_filename(file)}: {line}")
            failures += not whole
        except Exception as error:  # whatever is wrong with one file, the others are still done
            reason = message_of(error)
            message = reason if file in reason else f"{file}: {reason}"
            click.ClickException(click.format_filename(message)).show()
            failures += 1
    if failures:
        raise click.exceptions.Exit(1)


def _hear_any_drum(
    model: "Model",
    path: Path,
    heard: Path,
    plot: bool,
    wave_speed: float | None,
    no_refine: bool,
) -> tuple[str, bool]:
    """Listen to one file, write the sound of the drum, and draw it; return as `_answered`."""
    from ..listening import listen

    prediction = listen(path, None, model, wave_speed or 100.0, not no_refine)
    if not prediction.is_drum:
        return str(prediction), True

    def draw() -> None:
        from ..plot import drum_figure

        title = str(prediction).partition(";")[0].replace("), ", ")\n")
        figure = drum_figure(prediction.shape, title, prediction.interval("drum_size"))
        figure.savefig(heard.with_suffix(".png"))

    return _answered(str(prediction), prediction.drum, heard, draw if plot else None)


def _answered(
    answer: str,
    make: Callable[[], "AudioSampler"],
    heard: Path,
    draw: Callable[[], None] | None = None,
) -> tuple[str, bool]:
    """Write the sound of a drum, and draw it.

    Return the answer with where the sound is, or why there is none, and whether all was written.
    """
    try:
        heard.parent.mkdir(parents=True, exist_ok=True)
        if draw is not None:
            draw()
        drum = make()
        drum.generateWaveform()
        drum.export(heard)
    except OSError as error:
        return f"{answer} (not written: {click.format_filename(message_of(error))})", False
    except (ValueError, TypeError) as error:
        # A model that has learnt little may answer with a size that no drum has.
        return f"{answer} (it cannot be played: {error})", True
    return f"{answer} (hear it: {click.format_filename(heard)})", True


def _hear(model: "Model", path: Path, heard: Path) -> tuple[str, bool]:
    """Predict one file, write the sound of the predicted drum; return as `_answered`."""
    from ..listening import drum_heard, predict_file

    prediction = predict_file(model, path)
    units = model.model_input.units if model.model_input else ()
    said = ", ".join(
        f"{label} {value if isinstance(value, str) else f'{value:.3f}'} {unit}".rstrip()
        for (label, value), unit in zip(prediction.items(), units, strict=True)
        if not isinstance(value, list)
    )
    return _answered(said, lambda: drum_heard(model, prediction), heard)
