"""What all commands show alike: help, errors, progress."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

HELP = {"help_option_names": ["-h", "--help"]}


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Show an error that a user can mend as one line, without a traceback."""
    try:
        yield
    except (OSError, ValueError, TypeError, ImportError, MemoryError) as error:
        raise click.ClickException(message_of(error)) from error
    except KeyboardInterrupt as error:
        click.echo(message_of(error, "interrupted"), err=True)
        raise click.exceptions.Exit(130) from error  # as a shell reports SIGINT


def message_of(error: BaseException, otherwise: str = "") -> str:
    """Return the text of an error and its notes; without text, what is given or its type."""
    text = str(error) or otherwise or type(error).__name__
    return ". ".join([text.rstrip("."), *getattr(error, "__notes__", [])])


@contextmanager
def visible_progress() -> Iterator[None]:
    """Show log messages, a line each, above the progress bars."""
    from tqdm.contrib.logging import logging_redirect_tqdm

    from .._progress import ProgressBar

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with logging_redirect_tqdm(tqdm_class=ProgressBar):
        yield
