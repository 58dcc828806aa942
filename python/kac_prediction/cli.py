"""The command line: train a routine, say which drum is heard, download a published dataset."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from tqdm.contrib.logging import logging_redirect_tqdm

from .pipeline import Model, drum_heard, loadModel, predict_file
from .pipeline.download import download_dataset
from .routines import SizeOfCircularDrum
from .samplers import Datasets

ROUTINES: dict[str, Callable[..., Any]] = {"SizeOfCircularDrum": SizeOfCircularDrum}

_EXISTING_FILE = click.Path(exists=True, dir_okay=False)


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    """Show what a user can mend as one line, without the path it took through the code."""
    try:
        yield
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def visible_progress() -> Iterator[None]:
    """Show what is logged, a line at a time, above the progress bars."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with logging_redirect_tqdm():
        yield


@click.command()
@click.argument("routine", type=click.Choice([*ROUTINES]), default="SizeOfCircularDrum")
@click.option("--config", type=_EXISTING_FILE, help="A yaml file of parameters.")
@click.option("--wandb", "use_wandb", is_flag=True, help="Follow the run on weights and biases.")
@click.option("--exports-dir", default="model", show_default=True, help="Where runs are saved.")
def train(routine: str, config: str | None, use_wandb: bool, exports_dir: str) -> None:
    """Train ROUTINE (by default SizeOfCircularDrum) and report how well it hears."""
    wandb_config = {"project": f"kac_prediction ({routine})"} if use_wandb else None
    with _errors_as_messages(), visible_progress():
        result = ROUTINES[routine](config or "", wandb_config, exports_dir=exports_dir)
    if result.report is not None:
        click.echo(result.report)
    click.echo(f"best model: {result.best}")


@click.command()
@click.argument("model", type=click.Path(exists=True))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
def deploy(model: str, files: tuple[str, ...]) -> None:
    """Say which drum the MODEL (a checkpoint or its directory) hears in each sound FILE.

    Beside each file, the sound of the drum that was heard is written as FILE.heard.wav. A file in
    which nothing can be heard is reported, and the others are still done.
    """
    with _errors_as_messages():
        listener: Model = loadModel(model)
    failures = 0
    for file in files:
        try:
            click.echo(_hear(listener, Path(file)))
        except Exception as error:  # whatever is wrong with one file, the others are still done
            reason = str(error) or type(error).__name__
            message = reason if file in reason else f"{file}: {reason}"
            click.ClickException(message).show()
            failures += 1
    if failures:
        raise click.exceptions.Exit(1)


def _hear(model: Model, path: Path) -> str:
    """Predict one file, write the sound of the drum beside it, and say both in a line."""
    prediction = predict_file(model, path)
    units = model.model_input.units if model.model_input else ()
    said = ", ".join(
        f"{label} {value:.3f} {unit}"
        for (label, value), unit in zip(prediction.items(), units, strict=True)
    )
    try:
        drum = drum_heard(model, prediction)
    except ValueError as error:
        # A model that has learnt little may answer with a size that no drum has.
        return f"{path}: {said} (it cannot be played: {error})"
    sound = path.with_name(f"{path.name}.heard.wav")
    drum.generateWaveform()
    drum.export(sound)
    return f"{path}: {said} (hear it: {sound})"


@click.command("install-dataset")
@click.argument("name", type=click.Choice(get_args(Datasets)))
@click.option("--dir", "directory", help="Where to put it.  [default: data/NAME]")
def install_dataset(name: Any, directory: str | None) -> None:
    """Download the published dataset NAME."""
    target = directory or f"data/{name}"
    with _errors_as_messages(), visible_progress():
        download_dataset(name, target)
    click.echo(f"installed: {target}")


@click.group()
def main() -> None:
    """Which drum makes this sound?"""


for command in (train, deploy, install_dataset):
    main.add_command(command)

if __name__ == "__main__":
    main()
