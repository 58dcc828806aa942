"""A training on weights and biases, which may be slow, absent or logged out."""

import logging
import re
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, get_args

import torch

from .background import Background
from .histograms import Watched, histograms
from .records import Record
from .undisturbed import undisturbed
from .wandb_account import has_account, needs_account

logger = logging.getLogger(__name__)

START_SECONDS: Final = (
    30.0  # how long the start is waited for, which may bring a sweep's parameters
)
FINISH_SECONDS: Final = 120.0  # how long is waited at the end for what is still to be sent
DPI: Final = 110

_GRACE = 5.0  # seconds: wandb gives up by itself after `finish_seconds`, and then cleans up
_SERVICE = "WANDB_SERVICE"  # where wandb tells processes to come how to reach its own


class WandbTracker:
    """Follows a training on weights and biases.

    Nothing that happens there stops or delays a training. wandb is talked to in a thread of its
    own; only its start, which may bring the parameters of a sweep, and its end are waited for, and
    those not forever. Where it is not installed, or after something failed, there is a warning
    and no more. Without an account the run is recorded offline, to be sent later by `wandb sync`;
    nobody is asked for a key.

    Args:
        settings: arguments of `wandb.init`; its `config` goes over the parameters. Besides:
            `watch`, 'gradients', 'parameters' or 'all': what to count of the model every epoch.
        run_id: the id of the run, whatever the settings say.
        directory: where wandb keeps its files, unless the settings say.
        start_seconds: how long to wait for its start.
        finish_seconds: how long to wait for its end.

    Raises:
        ValueError: `watch` is something else.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        run_id: str,
        directory: str | Path,
        start_seconds: float = START_SECONDS,
        finish_seconds: float = FINISH_SECONDS,
    ) -> None:
        self._settings = {"dir": str(directory), **settings, "id": run_id}
        self._watched: Watched | None = self._settings.pop("watch", None)
        if self._watched not in (None, *get_args(Watched)):
            raise ValueError(
                f"watch in wandb_config must be one of {', '.join(get_args(Watched))}, not"
                f" {self._watched!r}"
            )
        self._model: torch.nn.Module | None = None
        self._run: Any = None
        self._step: int | None = None
        self._start_seconds, self._finish_seconds = start_seconds, finish_seconds
        self._line: Background | None = None  # while there is a run, or there may come to be one
        self._wandb: Any = _imported()
        self._given_up = self._wandb is None

    @property
    def available(self) -> bool:
        """Whether wandb is installed, and nothing has failed so far."""
        return not self._given_up

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Start the run with these parameters; return them as a sweep or the settings have them.

        The start is waited for `start_seconds`. After that, or where it failed, what is returned
        is the `config` of the settings (nothing, if settled).
        """
        given = dict(self._settings.get("config") or {})
        asked = {**given, **parameters} if settled else {**parameters, **given}
        # Packages that wandb imports on its way bring warnings filters of theirs.
        with warnings.catch_warnings():
            answer = self._do("start", lambda: self._configure(asked))
            started = answer is None or _waited(answer, self._start_seconds)
        if not started:
            logger.warning(
                "weights and biases has not started after %g s: the run goes on with its own"
                " parameters, and is sent once it has",
                self._start_seconds,
            )
            self._send("config", lambda: self._run.config.update(asked, allow_val_change=True))
        stored = answer.result() if answer is not None and started else None
        if stored is None:
            return {} if settled else given
        return {key: value for key, value in stored.items() if not key.startswith("_")}

    def watch(self, model: torch.nn.Module) -> None:
        """Take the model to be counted, if the settings ask for that."""
        self._model = model

    def resume(self, epoch: int) -> None:
        """Have the run of that id go on; what it has of later epochs stays as it is there."""
        self._settings["resume"] = self._settings.get("resume") or "allow"

    def log(self, record: Record) -> None:
        """Send an epoch."""
        self._step = step = record["epoch"]
        counted = {}
        if self._watched and self._model is not None and self.available:
            counted = histograms(self._model, self._watched)

        def send() -> None:
            drawn = {name: self._wandb.Histogram(np_histogram=h) for name, h in counted.items()}
            self._run.log({**record, **drawn}, step=step)

        self._send("log", send)

    def picture(self, name: str, figure: Any) -> None:
        """Send a figure, with the last epoch."""
        if self._line is None or self._given_up:
            return
        try:
            with TemporaryDirectory() as folder:
                file = Path(folder) / "picture.png"
                figure.savefig(file, dpi=DPI)
                picture = file.read_bytes()
        except Exception as error:  # whatever a user's figure holds
            logger.warning("the picture %s is not sent (%s)", name, error)
            return
        step = self._step

        def send() -> None:
            with TemporaryDirectory() as folder:
                file = Path(folder) / f"{name}.png"
                file.write_bytes(picture)
                self._run.log({name: self._wandb.Image(str(file))}, step=step)  # copies it

        self._send("picture", send)

    def artifact(self, path: str | Path) -> None:
        """Send a file, as a version of the run's model that goes by the name of the file."""
        file = Path(path)
        name = re.sub(r"[^\w.-]", "-", f"model-{self._settings['id']}")

        def send() -> None:
            version = self._wandb.Artifact(name, type="model")
            version.add_file(str(file), name=file.name)
            self._run.log_artifact(version, aliases=[file.stem])

        self._send("artifact", send)

    def finish(self, failed: bool = False) -> None:
        """Close the run; wait for what is still to be sent, but for `finish_seconds` at most."""
        if self._line is None:
            return
        with warnings.catch_warnings():
            done = self._line.do(lambda: self._close(failed))
            self._line.close()
            self._line = None
            ended = _waited(done, self._finish_seconds + _GRACE)
        if not ended:
            logger.warning(
                "weights and biases is not done after %g s and is not waited for: `wandb sync`"
                " sends what is in %s",
                self._finish_seconds,
                self._settings["dir"],
            )

    def _configure(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Start the run, or tell it of other parameters; return them as it has them."""
        if self._run is None:
            with undisturbed("wandb", _SERVICE):
                self._run = self._wandb.init(**self._arguments(), config=asked)
        else:
            self._run.config.update(asked, allow_val_change=True)
        return dict(self._run.config)

    def _close(self, failed: bool) -> None:
        """End the run, even one that something failed of: there is no more to be said of that."""
        run, self._run = self._run, None
        if run is None:
            return
        try:
            with undisturbed("wandb", _SERVICE):
                run.finish(exit_code=int(failed))
        except (Exception, SystemExit) as error:
            self._give_up("finish", error)

    def _arguments(self) -> dict[str, Any]:
        """The arguments of `wandb.init`, with what keeps it from taking over the process."""
        arguments = {key: value for key, value in self._settings.items() if key != "config"}
        if needs_account(arguments) and not self._has_account(arguments):
            arguments["mode"] = "offline"
        known = getattr(getattr(self._wandb, "Settings", None), "model_fields", {})
        ours: dict[str, Any] = {"console": "off", "finish_timeout": self._finish_seconds}
        if getattr(self._wandb, "run", None) is not None:
            ours["reinit"] = "create_new"  # a run of the user's own, which is none of our business
        ours = {key: value for key, value in ours.items() if key in known}
        theirs = arguments.get("settings") or {}
        if isinstance(theirs, Mapping):
            theirs = {**ours, **theirs}
        else:
            unset = {key: ours[key] for key in ours.keys() - theirs.model_fields_set}
            theirs = theirs.model_copy(update=unset)
        return {**arguments, "settings": theirs} if theirs else arguments

    def _has_account(self, arguments: Mapping[str, Any]) -> bool:
        try:
            reason = "" if has_account(self._wandb, arguments) else "no account is logged in"
        except Exception as error:  # a key that is no key, a server that is none
            reason = str(error)
        if reason:
            logger.warning(
                "weights and biases records offline, in %s: %s. Later, `wandb login` and `wandb"
                " sync` send it",
                arguments["dir"],
                reason,
            )
        return not reason

    def _send(self, what: str, action: Callable[[], Any]) -> "Future[Any] | None":
        """Do it when its turn comes, if there is a run by then; None where there never is."""
        if self._line is None:
            return None
        return self._do(what, lambda: None if self._run is None else action())

    def _do(self, what: str, action: Callable[[], Any]) -> "Future[Any] | None":
        if self._given_up:
            return None
        if self._line is None:
            self._line = Background("weights and biases")
        return self._line.do(lambda: self._attempt(what, action))

    def _attempt(self, what: str, action: Callable[[], Any]) -> Any:
        """Do it; if that fails, give up."""
        if self._given_up:
            return None
        try:
            return action()
        except (Exception, SystemExit) as error:
            self._give_up(what, error)
            return None

    def _give_up(self, what: str, error: BaseException) -> None:
        """Say why, once, and leave wandb alone for the rest of the run."""
        if not self._given_up:
            logger.warning(
                "weights and biases failed (%s: %s); the run goes on without",
                what,
                str(error) or type(error).__name__,
            )
        self._given_up = True


def _waited(answer: "Future[Any]", seconds: float) -> bool:
    """Wait until it is done, or some seconds; return whether it is."""
    try:
        answer.exception(seconds)
    except TimeoutError:
        return False
    return True


def _imported() -> Any:
    """The package wandb; None, with a warning, where it is missing or broken."""
    try:
        with warnings.catch_warnings():
            import wandb
    except Exception as error:
        logger.warning(
            "weights and biases is not to be had (%s): this is a local run. To follow it there:"
            " pip install wandb",
            error,
        )
        return None
    return wandb
