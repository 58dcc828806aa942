"""The command line. What a command needs is imported when it runs, so that --help is immediate."""

from copy import copy

import click

from .. import __version__
from .command import Command, Group, visible_progress
from .datasets import export_dataset, generate, install, transform
from .exports import export_model
from .hearing import deploy, listen
from .information import info, verify
from .machine import doctor
from .pages import report
from .pictures import plot
from .scores import arrange, orchestrate
from .sounds import synthesise
from .training import ROUTINES, train

__all__ = ["ROUTINES", "deploy", "install", "main", "train", "visible_progress"]


@click.group(cls=Group)
@click.version_option(__version__)
def main() -> None:
    """Which drum makes this sound? Hear drums, synthesise them, and train networks to hear them.

    Each command has a --help of its own, with an example. For completion by the tab key put
    eval "$(_KAC_PREDICTION_COMPLETE=bash_source kac-prediction)" into ~/.bashrc (zsh_source,
    fish_source for others).
    """


def _earlier(command: Command, name: str) -> click.Command:
    """Return a command by a name that it had, which help does not list."""
    earlier = copy(command)
    earlier.name, earlier.hidden = name, True
    return earlier


for each in (
    listen,
    orchestrate,
    arrange,
    synthesise,
    plot,
    report,
    info,
    verify,
    generate,
    transform,
    export_dataset,
    install,
    train,
    export_model,
    doctor,
):
    main.add_command(each)
for each, name in ((deploy, "deploy"), (install, "install-dataset"), (export_dataset, "export")):
    main.add_command(_earlier(each, name))
