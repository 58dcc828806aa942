"""What all commands share: one example of each, --json, --debug, errors of one line, progress."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import click

from .._checks import brief, did_you_mean
from .._files import json_value

HELP: Final = {"help_option_names": ["-h", "--help"]}
# What messages of the package tell who calls it, and what they tell who runs a command.
_REMEDIES: Final = {
    "call generateDataset again, with the same arguments, to go on": "run {command} again, with the"
    " same options, to go on",
    "call generateDataset again, with the same arguments, to finish it": "run kac-prediction"
    " generate again, with the same options, to finish it",
    "call generateDataset with the same arguments": "run kac-prediction generate with the same"
    " options",
    "make one with generateDataset": "make one with kac-prediction generate",
    "call importDataset, or transformDataset, with representation_settings={'output_type':"
    " 'end2end', 'normalise_input': False}": "run kac-prediction transform with end2end --set"
    " normalise_input=false",
    "let it be replaced with overwrite=True": "leave out --keep",
}
_JSON, _DEBUG = "kac_prediction.json", "kac_prediction.debug"  # in the context that commands share


class _Mistake(click.ClickException):
    """A command line that cannot be understood."""

    exit_code = 2


class _Plain(click.Command):
    """A command whose errors are one line each."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the command line."""
        with one_line_errors():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with one_line_errors(ctx.meta.get(_DEBUG, False)):
            return super().invoke(ctx)


class Command(_Plain):
    """A command that ends its help with an example, and takes --json and --debug."""

    def __init__(self, *args: Any, example: str, **options: Any) -> None:
        epilog = f"\b\nExample:\n  kac-prediction {example}"
        options |= {"context_settings": HELP, "epilog": epilog}
        super().__init__(*args, **options)
        self.params += _common()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with visible_progress():
            return super().invoke(ctx)


class Group(_Plain, click.Group):
    """Commands; called without one, it lists them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options |= {"context_settings": HELP, "invoke_without_command": True}
        super().__init__(*args, **options)
        self.params += _common()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        done = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return done


def _common() -> list[click.Option]:
    """Return the options that all commands take."""

    def keep(ctx: click.Context, option: click.Parameter, value: bool) -> None:
        if value:  # else it may have been given before the command
            ctx.meta[f"kac_prediction.{option.name}"] = True

    return [
        click.Option([name], is_flag=True, expose_value=False, callback=keep, help=text)
        for name, text in (
            ("--json", "Answer in JSON, a line each, for programs."),
            ("--debug", "Show the traceback of an error, too."),
        )
    ]


class OneOf(click.ParamType):  # type: ignore[type-arg]
    """One of some names, in upper or lower case; each may have shorter ones."""

    name = "name"

    def __init__(
        self, names: Iterable[str], short: Mapping[str, str] | None = None, other: str = ""
    ) -> None:
        """Take names, of equal ones the first, those that shorter ones stand for, and what else."""
        meant = {**(short or {}), **{name: name for name in names}}
        self._known: dict[str, str] = {}
        for name, long in meant.items():
            self._known.setdefault(_folded(name), long)
        self.names = [*dict.fromkeys((*(short or {}), *self._known.values()))]
        self._listed = [*self.names, *([f"or {other}"] if other else [])]

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name that is meant."""
        if (found := self._known.get(_folded(value))) is None:
            listed = did_you_mean(value, self.names) or f": choose from {', '.join(self._listed)}"
            self.fail(f"there is no {brief(value)}{listed}", param, ctx)
        return found

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Return the names that begin so."""
        from click.shell_completion import CompletionItem

        begun = _folded(incomplete)
        return [CompletionItem(name) for name in self.names if _folded(name).startswith(begun)]


def _folded(name: str) -> str:
    """Return a name as it is compared."""
    return name.casefold().replace("é", "e")


def answer(text: str, record: Mapping[str, Any]) -> None:
    """Print a text or, where --json is asked for, the record in one line."""
    if click.get_current_context().meta.get(_JSON):
        text = json.dumps(json_value(record))
    with _beside_bars(sys.stdout):
        click.echo(click.format_filename(text))  # names of files may hold what no terminal shows


def complain(message: str) -> None:
    """Show an error that ends nothing."""
    with _beside_bars(sys.stderr):
        click.ClickException(click.format_filename(message)).show()


@contextmanager
def one_line_errors(debug: bool = False) -> Iterator[None]:
    """Show an error that a user can mend as one line; with its traceback, if that is asked for."""
    try:
        yield
    except click.UsageError as error:
        raise _Mistake(_one_line(error)) from error
    except BrokenPipeError:  # whoever read the answer has enough
        raise
    except (OSError, ValueError, TypeError, ImportError, MemoryError) as error:
        if debug:
            traceback.print_exc()
        raise click.ClickException(click.format_filename(message_of(error))) from error
    except KeyboardInterrupt as error:
        click.echo(message_of(error, "interrupted"), err=True)
        raise click.exceptions.Exit(130) from error  # as a shell reports SIGINT


def _one_line(error: click.UsageError) -> str:
    """Return what is wrong with a command line, and where its help is."""
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message} (see {error.ctx.command_path} --help)" if error.ctx else message


def message_of(error: BaseException, otherwise: str = "") -> str:
    """Return the text of an error and its notes; without text, what is given or its type."""
    text = re.sub(r"\s*\n\s*", " ", str(error)) or otherwise or type(error).__name__
    text = ". ".join([text.rstrip("."), *getattr(error, "__notes__", [])])
    context = click.get_current_context(silent=True)
    command = context.command_path if context else "the command"
    for call, run in _REMEDIES.items():
        text = text.replace(call, run.format(command=command))
    return text


@contextmanager
def visible_progress() -> Iterator[None]:
    """Show log messages, a line each, above the progress bars; of other packages only warnings."""
    from tqdm.contrib.logging import logging_redirect_tqdm

    from .._progress import ProgressBar

    logging.basicConfig(format="%(message)s")
    own = logging.getLogger(__package__.partition(".")[0])
    before = own.level
    own.setLevel(logging.INFO)
    try:
        with logging_redirect_tqdm(tqdm_class=ProgressBar):
            yield
    finally:
        own.setLevel(before)


@contextmanager
def _beside_bars(stream: Any) -> Iterator[None]:
    """Take the bars away while something else is printed."""
    from .._progress import ProgressBar

    with ProgressBar.external_write_mode(stream):
        yield
