"""The command line. What a command needs is imported when it runs, so that --help is immediate."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from . import __version__
from .samplers import Datasets

if TYPE_CHECKING:
    from .dataset import AudioSampler
    from .pipeline import Model

ROUTINES = (
    "SizeOfCircularDrum",
    "DimOfRectangularDrum",
    "SizeOfPolygonalDrum",
    "ShapeOfDrum",
    "AnyDrum",
)

_HELP = {"help_option_names": ["-h", "--help"]}
_HEARD = (".heard.wav", ".heard.png")  # how the files end that deploy writes
_EXISTING_FILE = click.Path(exists=True, dir_okay=False)
_DIRECTORY = click.Path(exists=True, file_okay=False)


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    """Show an error that a user can mend as one line, without a traceback."""
    try:
        yield
    except (OSError, ValueError, TypeError, ImportError, MemoryError) as error:
        raise click.ClickException(_message(error)) from error
    except KeyboardInterrupt as error:
        click.echo(_message(error, "interrupted"), err=True)
        raise click.exceptions.Exit(130) from error  # as a shell reports SIGINT


def _message(error: BaseException, otherwise: str = "") -> str:
    """Return the text of an error and its notes; without text, what is given or its type."""
    text = str(error) or otherwise or type(error).__name__
    return ". ".join([text.rstrip("."), *getattr(error, "__notes__", [])])


@contextmanager
def visible_progress() -> Iterator[None]:
    """Show log messages, a line each, above the progress bars."""
    from tqdm.contrib.logging import logging_redirect_tqdm

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with logging_redirect_tqdm():
        yield


@click.command(context_settings=_HELP)
@click.argument("routine", type=click.Choice(ROUTINES), default="SizeOfCircularDrum")
@click.option("--config", type=_EXISTING_FILE, help="A yaml file of parameters.")
@click.option("--wandb", "use_wandb", is_flag=True, help="Log the run to wandb.")
@click.option("--exports-dir", default="model", show_default=True, help="Where runs are saved.")
@click.option(
    "--dataset-dir",
    default="",
    help="Of the drums; made where there are none.  [default: in data/, the published ones if they "
    "are installed there]",
)
@click.option("--stream", is_flag=True, help="Synthesise the training set on the fly.")
@click.option(
    "--resume",
    type=click.Path(exists=True),
    help="A checkpoint, or the directory of a run, to go on from, with the same other options.",
)
@click.option("--device", help="cpu, cuda, cuda:1, mps, ...  [default: the best there is]")
@click.option("--compare", is_flag=True, help="Report a classical estimator beside the model.")
def train(
    routine: str,
    config: str | None,
    use_wandb: bool,
    resume: str | None,
    compare: bool,
    **options: Any,
) -> None:
    """Train ROUTINE (by default SizeOfCircularDrum) and report its errors on the test set.

    Under torchrun, all processes train one model.
    """
    from . import routines

    wandb_config = {"project": f"kac_prediction ({routine})"} if use_wandb else None
    with _errors_as_messages(), visible_progress():
        run = getattr(routines, routine)
        result = run(config or "", wandb_config, resume=resume or "", **options)
    if result.report is not None:
        click.echo(result.compare() if compare else result.report)
    if result.leader:
        click.echo(f"best model: {result.best}")


@click.command(context_settings=_HELP)
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
    with _errors_as_messages():
        from .pipeline import loadModel

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
            reason = _message(error)
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
    from .listening import listen

    prediction = listen(path, None, model, wave_speed or 100.0, not no_refine)
    if not prediction.is_drum:
        return str(prediction), True

    def draw() -> None:
        from .plot import drum_figure

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
        return f"{answer} (not written: {click.format_filename(_message(error))})", False
    except (ValueError, TypeError) as error:
        # A model that has learnt little may answer with a size that no drum has.
        return f"{answer} (it cannot be played: {error})", True
    return f"{answer} (hear it: {click.format_filename(heard)})", True


def _hear(model: "Model", path: Path, heard: Path) -> tuple[str, bool]:
    """Predict one file, write the sound of the predicted drum; return as `_answered`."""
    from .listening import drum_heard, predict_file

    prediction = predict_file(model, path)
    units = model.model_input.units if model.model_input else ()
    said = ", ".join(
        f"{label} {value if isinstance(value, str) else f'{value:.3f}'} {unit}".rstrip()
        for (label, value), unit in zip(prediction.items(), units, strict=True)
        if not isinstance(value, list)
    )
    return _answered(said, lambda: drum_heard(model, prediction), heard)


@click.command("install-dataset", context_settings=_HELP)
@click.argument("name", type=click.Choice(get_args(Datasets)))
@click.option("--dir", "directory", help="Where to put it.  [default: data/NAME]")
@click.option(
    "--from",
    "source",
    metavar="PATH_OR_URL",
    help="A zip, a directory where one was unpacked or that has NAME.zip in it, or the http(s) "
    "address of a zip or of such a directory.  [default: the Zenodo record]",
)
@click.option("--md5", default="", help="Of the archive.  [default: asked of the record]")
@click.option(
    "--record",
    default="",
    help="Zenodo record, for names that are in several.  [default: the newest; the log says which]",
)
@click.option("--generate", is_flag=True, help="Make the same family of drums here instead.")
@click.option("--size", type=int, help="How many sounds to make.  [default: as published]")
@click.option("--seed", type=int, help="Of what is made.  [default: a fresh one]")
def install_dataset(
    name: Any,
    directory: str | None,
    source: str | None,
    md5: str,
    record: str,
    generate: bool,
    size: int | None,
    seed: int | None,
) -> None:
    """Install the published dataset NAME, ready to train on: downloaded, verified, converted.

    Called again, it goes on where it was interrupted. Without a network, --generate makes drums of
    the same family, their sizes in metres.
    """
    target = directory or f"data/{name}"
    idle = {"--size": size, "--seed": seed}, {"--from": source, "--md5": md5, "--record": record}
    for option, value in idle[generate].items():
        if value not in (None, ""):
            raise click.UsageError(f"{option} goes {'without' if generate else 'with'} --generate")
    from .dataset import loadDataset
    from .pipeline import download_dataset, generate_family

    with _errors_as_messages(), visible_progress():
        if generate:
            dataset = generate_family(name, target, size, seed=seed)
        else:
            download_dataset(name, target, source, md5, record)
            dataset = loadDataset(target)
    drawn = "" if dataset.seed is None else f", seed {dataset.seed}"
    click.echo(f"installed: {target} ({len(dataset)} sounds{drawn})")


@click.command(context_settings=_HELP)
@click.argument("directory", type=_DIRECTORY)
def verify(directory: str) -> None:
    """Read every file of the dataset in DIRECTORY, and compare it with its checksum."""
    from .dataset import loadDataset

    with _errors_as_messages():
        dataset = loadDataset(directory, verify=True)
    click.echo(f"whole: {dataset!r}")


@click.command(context_settings=_HELP)
@click.argument("directory", type=_DIRECTORY)
@click.argument("target", type=click.Path())
@click.option("--layout", type=click.Choice(["audiofolder", "webdataset"]), default="audiofolder")
@click.option("--shard-size", type=click.IntRange(1), help="Samples of a folder or tar.")
@click.option("--prefix", default="drums", show_default=True, help="How those are named.")
def export(directory: str, target: str, layout: Any, shard_size: int | None, prefix: str) -> None:
    """Write the dataset in DIRECTORY to TARGET, for Hugging Face or WebDataset to read."""
    from .dataset import exportDataset, loadDataset

    with _errors_as_messages(), visible_progress():
        exportDataset(loadDataset(directory), target, layout, shard_size=shard_size, prefix=prefix)
    click.echo(f"exported: {target}")


@click.group(context_settings=_HELP)
@click.version_option(__version__)
def main() -> None:
    """Which drum makes this sound?"""


for command in (train, deploy, install_dataset, verify, export):
    main.add_command(command)
