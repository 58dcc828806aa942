"""The command line. What a command needs is imported when it runs, so that --help is immediate."""

from typing import Any, get_args

import click

from .. import __version__
from ..samplers import Datasets
from .hearing import deploy
from .messages import HELP, errors_as_messages, visible_progress

ROUTINES = (
    "SizeOfCircularDrum",
    "DimOfRectangularDrum",
    "SizeOfPolygonalDrum",
    "ShapeOfDrum",
    "AnyDrum",
)

_EXISTING_FILE = click.Path(exists=True, dir_okay=False)
_DIRECTORY = click.Path(exists=True, file_okay=False)


@click.command(context_settings=HELP)
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
    from .. import routines

    wandb_config = {"project": f"kac_prediction ({routine})"} if use_wandb else None
    with errors_as_messages(), visible_progress():
        run = getattr(routines, routine)
        result = run(config or "", wandb_config, resume=resume or "", **options)
    if result.report is not None:
        click.echo(result.compare() if compare else result.report)
    if result.leader:
        click.echo(f"best model: {result.best}")


@click.command("install-dataset", context_settings=HELP)
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
    from ..dataset import loadDataset
    from ..pipeline import download_dataset, generate_family

    with errors_as_messages(), visible_progress():
        if generate:
            dataset = generate_family(name, target, size, seed=seed)
        else:
            download_dataset(name, target, source, md5, record)
            dataset = loadDataset(target)
    drawn = "" if dataset.seed is None else f", seed {dataset.seed}"
    click.echo(f"installed: {target} ({len(dataset)} sounds{drawn})")


@click.command(context_settings=HELP)
@click.argument("directory", type=_DIRECTORY)
def verify(directory: str) -> None:
    """Read every file of the dataset in DIRECTORY, and compare it with its checksum."""
    from ..dataset import loadDataset

    with errors_as_messages():
        dataset = loadDataset(directory, verify=True)
    click.echo(f"whole: {dataset!r}")


@click.command(context_settings=HELP)
@click.argument("directory", type=_DIRECTORY)
@click.argument("target", type=click.Path())
@click.option("--layout", type=click.Choice(["audiofolder", "webdataset"]), default="audiofolder")
@click.option("--shard-size", type=click.IntRange(1), help="Samples of a folder or tar.")
@click.option("--prefix", default="drums", show_default=True, help="How those are named.")
def export(directory: str, target: str, layout: Any, shard_size: int | None, prefix: str) -> None:
    """Write the dataset in DIRECTORY to TARGET, for Hugging Face or WebDataset to read."""
    from ..dataset import exportDataset, loadDataset

    with errors_as_messages(), visible_progress():
        exportDataset(loadDataset(directory), target, layout, shard_size=shard_size, prefix=prefix)
    click.echo(f"exported: {target}")


@click.group(context_settings=HELP)
@click.version_option(__version__)
def main() -> None:
    """Which drum makes this sound?"""


for command in (train, deploy, install_dataset, verify, export):
    main.add_command(command)
