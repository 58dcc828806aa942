"""Run a sweep here: what `bin/sweep` starts once everything is installed."""

import logging
import signal
from pathlib import Path
from typing import Any

import click

from kac_prediction.pipeline.sweep import LocalSweep, SweepError, ranking_table, read_sweep


def interrupt(*_: Any) -> None:
    """End in order when told to by a cluster or `kill`, as by Ctrl-C."""
    raise KeyboardInterrupt


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--count", type=click.IntRange(1), help="How many trials in all.  [default: run_cap]")
@click.option("--seed", type=click.IntRange(0), help="Of the parameters.  [default: a fresh one]")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="At once.")
@click.option("--gpus", default="", help="Which GPUs the jobs take in turn, such as 0,1,2,3.")
@click.option("--out", help="Where the trials go.  [default: sweeps/ and the name of FILE]")
def main(
    file: str, count: int | None, seed: int | None, jobs: int, gpus: str, out: str | None
) -> None:
    """Run the sweep of FILE, and print the ranking of its trials.

    Ctrl-C ends it; the same command goes on. The ranking is by the best value of the metric that a
    trial came to, which is that of its best.pt.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a shell has the first ignored in its background
        signal.signal(number, interrupt)
    directory = Path(out or Path("sweeps") / Path(file).stem)
    try:
        sweep = read_sweep(file)
        local = LocalSweep(sweep, directory, seed, jobs, [gpu for gpu in gpus.split(",") if gpu])
        click.echo(f"sweep of {file} in {directory}, seed {local.seed}")
        failure = run(local, count)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if local.trials:
        click.echo(ranking_table(local.trials.values(), sweep.metric))
    if failure is not None:
        raise click.ClickException(failure)


def run(local: LocalSweep, count: int | None) -> str | None:
    """Run trials to the end, or to Ctrl-C; return why the sweep was given up, if it was."""
    try:
        local.run(count)
    except KeyboardInterrupt:
        return "interrupted; the same command goes on"
    except SweepError as error:
        return str(error)
    return None


if __name__ == "__main__":
    main()
