"""The commands that make, change, install and export datasets."""

from typing import Any, get_args

import click

from ..samplers import Datasets
from .command import Command, OneOf, answer
from .settings import SET, Setting, drum_options, sampler_of

_DIRECTORY = click.Path(exists=True, file_okay=False)
_WORKERS = click.option("--workers", type=click.IntRange(1), help="Threads.  [default: all]")


@click.command(cls=Command, example="generate circle data/drums --sounds 2500 --seed 0")
@drum_options
@click.argument("directory", type=click.Path(file_okay=False))
@click.option("--sounds", type=int, default=1000, show_default=True, help="How many.")
@click.option("--seed", type=int, help="Of all that is drawn.  [default: a fresh one]")
@click.option(
    "--representation",
    multiple=True,
    type=Setting(),
    help="Of x, such as output_type=mel; several times.  [default: the waves as they are]",
)
@click.option("--shard-size", type=int, help="Sounds that share a folder.  [default: no folders]")
@click.option("--keep", is_flag=True, help="Refuse to replace another dataset that is there.")
@_WORKERS
def generate(
    directory: str,
    sounds: int,
    seed: int | None,
    representation: tuple[tuple[str, Any], ...],
    shard_size: int | None,
    keep: bool,
    workers: int | None,
    **drum: Any,
) -> None:
    """Make a dataset of sounds of a DRUM.

    DRUM is what synthesise takes; five strikes share a drum. The dataset is complete in DIRECTORY,
    or not there at all. Called again with the same options, it
    goes on where it was interrupted.
    """
    Sampler, settings = sampler_of(**drum)
    from ..dataset import generateDataset

    given = dict(representation) or {"normalise_input": False}
    more = {"workers": workers, "overwrite": not keep, "shard_size": shard_size}
    dataset = generateDataset(Sampler, settings, directory, sounds, given, seed, **more)  # type: ignore[arg-type]
    answer(f"generated: {dataset!r}, seed {dataset.seed}", {"directory": directory, **dataset.info})


@click.command(cls=Command, example="transform data/drums mel --set n_mels=64")
@click.argument("directory", type=_DIRECTORY)
@click.argument("output", type=click.Choice(["end2end", "fft", "mel"]))
@SET
@_WORKERS
def transform(
    directory: str, output: str, changes: tuple[tuple[str, Any], ...], workers: int | None
) -> None:
    """Show the sounds of a dataset as waves or as spectrograms.

    x of the dataset in DIRECTORY becomes end2end (waves), fft or mel (spectrograms).
    """
    from ..dataset import loadDataset, transformDataset

    settings: Any = {"output_type": output, **dict(changes)}
    dataset = transformDataset(loadDataset(directory), settings, workers)
    answer(f"transformed: {dataset!r}", {"directory": directory, **dataset.info})


@click.command("install", cls=Command, example="install 5000-circular-drums-of-varying-size")
@click.argument("name", type=OneOf(get_args(Datasets)))
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
def install(
    name: Any,
    directory: str | None,
    source: str | None,
    md5: str,
    record: str,
    generate: bool,
    size: int | None,
    seed: int | None,
) -> None:
    """Install the published dataset NAME, ready to train on.

    It is downloaded, verified and converted. Called again, it goes on where it was interrupted.
    Without a network, --generate makes drums of the same family, their sizes in metres.
    """
    target = directory or f"data/{name}"
    idle = {"--size": size, "--seed": seed}, {"--from": source, "--md5": md5, "--record": record}
    for option, value in idle[generate].items():
        if value not in (None, ""):
            raise click.UsageError(f"{option} goes {'without' if generate else 'with'} --generate")
    from ..dataset import loadDataset
    from ..pipeline import download_dataset, generate_family

    if generate:
        dataset = generate_family(name, target, size, seed=seed)
    else:
        download_dataset(name, target, source, md5, record)
        dataset = loadDataset(target)
    drawn = "" if dataset.seed is None else f", seed {dataset.seed}"
    told = f"installed: {target} ({len(dataset)} sounds{drawn})"
    answer(told, {"directory": target, **dataset.info})


@click.command("export-dataset", cls=Command, example="export-dataset data/drums drums_as_wavs")
@click.argument("directory", type=_DIRECTORY)
@click.argument("target", type=click.Path())
@click.option("--layout", type=click.Choice(["audiofolder", "webdataset"]), default="audiofolder")
@click.option("--shard-size", type=click.IntRange(1), help="Samples of a folder or tar.")
@click.option("--prefix", default="drums", show_default=True, help="How those are named.")
def export_dataset(
    directory: str, target: str, layout: Any, shard_size: int | None, prefix: str
) -> None:
    """Write a dataset for Hugging Face or WebDataset to read.

    It is that in DIRECTORY, and TARGET a new folder.
    """
    from ..dataset import exportDataset, loadDataset

    exportDataset(loadDataset(directory), target, layout, shard_size=shard_size, prefix=prefix)
    answer(f"exported: {target}", {"directory": target, "layout": layout})
