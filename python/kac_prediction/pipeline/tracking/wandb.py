"""A training followed on Weights & Biases, which may be slow, absent or logged out."""

import inspect
import logging
import netrc
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import requests
import torch

from ..._checks import check_choice
from .tracker import Record, Tracker

logger = logging.getLogger(__name__)

START_TIMEOUT: Final = 30.0  # seconds to wait for the start, which may bring a sweep's parameters
NETWORK_TIMEOUT: Final = 5.0  # seconds in which the server must answer at all
FINISH_TIMEOUT: Final = 120.0  # seconds to wait at the end for what is still to be sent
FINISH_GRACE: Final = 5.0  # seconds that wandb has to clean up after it has given up sending
BINS: Final = 64


class WandbTracker(Tracker):
    """Follows a training on Weights & Biases, and neither stops nor delays it.

    wandb is called in a thread; only its start and its end are waited for, and not for ever. Where
    it is missing, or after a call has failed, there is one warning and the training goes on without
    it. Without an account or a network the run is recorded offline, for `wandb sync`; nobody is
    asked for a key.

    Args:
        settings: arguments of `wandb.init`, whose `config` overrides parameters; besides, `watch`
            asks for histograms of 'gradients', 'parameters' or 'all' at every epoch.
        run_id: the id of the run.
        directory: where wandb keeps its files, unless the settings say.
    """

    def __init__(self, settings: Mapping[str, Any], run_id: str, directory: str | Path) -> None:
        self._settings = {"dir": str(directory), **settings, "id": run_id}
        self._watched: str | None = self._settings.pop("watch", None)
        if self._watched is not None:
            check_choice("watch", self._watched, ("gradients", "parameters", "all"))
        self._model: torch.nn.Module | None = None
        self._run: Any = None
        self._step: int | None = None
        self._calls: SimpleQueue[tuple[str, Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._thread: Thread | None = None  # from the start of the run to its end
        self._wandb: Any = None
        self._failed = False

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Start the run with these parameters; return them as a sweep or the settings have them.

        After `START_TIMEOUT`, or if it fails, return the settings' `config` (nothing, if settled).
        """
        given = dict(self._settings.get("config") or {})
        requested = {**given, **parameters} if settled else {**parameters, **given}
        if self._thread is None:
            # An executor of the standard library would be waited for when Python ends.
            self._thread = Thread(target=self._work, name="wandb", daemon=True)
            self._thread.start()

        def start() -> dict[str, Any]:
            if self._run is None:
                with _process_restored():
                    import wandb

                    self._wandb = wandb
                    self._run = self._wandb.init(**self._arguments(), config=requested)
            else:
                self._run.config.update(requested, allow_val_change=True)
            return dict(self._run.config)

        # Packages that wandb imports on its way bring warnings filters of theirs.
        with warnings.catch_warnings():
            try:
                stored: dict[str, Any] | None = self._call("start", start).result(START_TIMEOUT)
            except TimeoutError:
                logger.warning(
                    "wandb has not started after %g s: the run goes on with its own parameters",
                    START_TIMEOUT,
                )
                self._call("config", start)
                stored = None
        return ({} if settled else given) if stored is None else stored

    def watch(self, model: torch.nn.Module) -> None:
        """Take the model whose histograms the settings may ask for."""
        self._model = model

    def resume(self, epoch: int) -> None:
        """Let the run of that id go on; what it has of later epochs stays as it is there."""
        self._settings["resume"] = self._settings.get("resume") or "allow"

    def log(self, record: Record) -> None:
        """Send an epoch."""
        self._step = step = record["epoch"]
        counted = {}
        if self._watched and self._model is not None and self._thread and not self._failed:
            counted = histograms(self._model, self._watched)

        def send() -> None:
            drawn = {name: self._wandb.Histogram(np_histogram=h) for name, h in counted.items()}
            self._run.log({**record, **drawn}, step=step)

        self._call("log", send)

    def picture(self, name: str, content: bytes) -> None:
        """Send a picture, with the last epoch."""
        step = self._step

        def send() -> None:
            with TemporaryDirectory() as folder:
                file = Path(folder) / f"{name}.png"
                file.write_bytes(content)
                self._run.log({name: self._wandb.Image(str(file))}, step=step)  # copies it

        self._call("picture", send)

    def artifact(self, path: str | Path) -> None:
        """Send a file, as a version of the run's model that goes by the name of the file."""
        file = Path(path)
        name = re.sub(r"[^\w.-]", "-", f"model-{self._settings['id']}")

        def send() -> None:
            version = self._wandb.Artifact(name, type="model")
            version.add_file(str(file), name=file.name)
            self._run.log_artifact(version, aliases=[file.stem])

        self._call("artifact", send)

    def finish(self, failed: bool = False, *, interrupted: bool = False) -> None:
        """End the run; wait `FINISH_TIMEOUT` at most for what is still to be sent."""
        if self._thread is None:
            return

        def end() -> None:
            if self._run is not None:
                with _process_restored():
                    self._run.finish(exit_code=int(failed))

        answer = self._call("finish", end)
        self._thread = None
        with warnings.catch_warnings():
            try:
                answer.result(FINISH_TIMEOUT + FINISH_GRACE)
            except TimeoutError:
                message = "wandb is not done after %g s: `wandb sync` sends what is left in %s"
                logger.warning(message, FINISH_TIMEOUT, self._settings["dir"])

    def _call(self, what: str, action: Callable[[], Any]) -> "Future[Any]":
        """Queue a call of wandb; its result is None where it fails, or there is no run."""
        answer: Future[Any] = Future()
        if self._thread is None:
            answer.set_result(None)
        else:
            self._calls.put((what, action, answer))
        return answer

    def _work(self) -> None:
        """Make the calls, in the thread; after one has failed, none but the last."""
        what = ""
        while what != "finish":
            what, action, answer = self._calls.get()
            result = None
            try:
                if not self._failed or what == "finish":
                    result = action()
            except BaseException as error:  # even SystemExit
                if not self._failed:
                    reason = str(error) or type(error).__name__
                    remedy = ". Try: pip install wandb" if isinstance(error, ImportError) else ""
                    message = "wandb failed (%s: %s); the run goes on without%s"
                    logger.warning(message, what, reason, remedy)
                self._failed = True
            answer.set_result(result)

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments of `wandb.init`, with what keeps it from taking over the process."""
        arguments = {key: value for key, value in self._settings.items() if key != "config"}
        theirs = arguments.pop("settings", None) or {}
        if not isinstance(theirs, Mapping):  # wandb.Settings
            theirs = {name: getattr(theirs, name) for name in theirs.model_fields_set}
        given = {key: value for key, value in arguments.items() if value}
        options = {**theirs, **given}
        if reason := _no_account(self._wandb, options) or _no_network(self._wandb, options):
            arguments["mode"] = "offline"
            logger.warning(
                "wandb records offline, in %s: %s. Later, `wandb login` and `wandb sync` send it",
                arguments["dir"],
                reason,
            )
        ours: dict[str, Any] = {"console": "off", "finish_timeout": FINISH_TIMEOUT}
        if getattr(self._wandb, "run", None) is not None:
            ours["reinit"] = "create_new"  # beside a run of the user's own
        known = getattr(getattr(self._wandb, "Settings", None), "model_fields", {})
        ours = {key: value for key, value in ours.items() if key in known}
        return {**arguments, "settings": {**ours, **theirs}}


def histograms(model: torch.nn.Module, watched: str) -> dict[str, tuple[Any, Any]]:
    """Return histograms of the gradients that the last batch left, of the parameters, or of all.

    Each is counts (n,) and edges (n + 1,), of what is finite. Looking once an epoch needs no hooks
    in the model, which would keep a step from being compiled or captured as a CUDA graph.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for name, parameter in model.named_parameters():
        for kind, tensor in (("gradients", parameter.grad), ("parameters", parameter.detach())):
            if tensor is None or watched not in (kind, "all"):
                continue
            values = tensor.detach().flatten().float()
            values = values[torch.isfinite(values)]
            if not len(values):
                continue
            low, high = (end.item() for end in torch.aminmax(values))
            if low == high:  # histc would choose other ends
                low, high = low - 0.5, high + 0.5
            counts = torch.histc(values, BINS, low, high).cpu().numpy().astype(np.int64)
            found[f"{kind}/{name}"] = counts, np.linspace(low, high, BINS + 1)
    return found


def _no_account(wandb: Any, options: Mapping[str, Any]) -> str:
    """Return why `wandb.init` would ask for a key, and wait for it; '' where it would not."""
    keys = [os.environ.get(name) for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")]
    server = options.get("base_url")
    if _is_offline(options) or any((options.get("api_key"), *keys)):
        return ""
    try:
        if "prompt" in inspect.signature(wandb.login).parameters and not server:
            return "" if wandb.login(prompt=False) else "no account is logged in"
        host = urlsplit(server or os.environ.get("WANDB_BASE_URL", "")).netloc or "api.wandb.ai"
        passwords = netrc.netrc(os.environ.get("NETRC"))
        return "" if passwords.authenticators(host) else f"no account is known for {host}"
    except Exception as error:  # no netrc file, a key that is no key, a server that is none
        return f"no account is known ({error})"


def _no_network(wandb: Any, options: Mapping[str, Any]) -> str:
    """Return why wandb would wait for its server in vain; '' where it answers in time."""
    if _is_offline(options):
        return ""
    server = options.get("base_url") or os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    with suppress(Exception):  # another version, whose settings are elsewhere
        server = options.get("base_url") or wandb.setup().settings.base_url
    answered: list[int] = []

    def ask() -> None:
        with suppress(Exception):  # no network, or no such server
            answered.append(requests.head(server, timeout=NETWORK_TIMEOUT).status_code)

    asking = Thread(target=ask, daemon=True)  # names may be looked up for longer than the timeout
    asking.start()
    asking.join(NETWORK_TIMEOUT)
    return "" if answered else f"{urlsplit(server).hostname} does not answer"


def _is_offline(options: Mapping[str, Any]) -> bool:
    """Return whether the user wants nothing to be sent."""
    mode = options.get("mode") or os.environ.get("WANDB_MODE")
    return mode in ("offline", "disabled", "dryrun")


@contextmanager
def _process_restored() -> Iterator[None]:
    """Undo what wandb does to the process: its exit and import hooks, and its own variable."""

    def of_wandb(thing: Any) -> bool:
        return type(getattr(thing, "__self__", thing)).__module__.partition(".")[0] == "wandb"

    hooks = {name: getattr(sys, name) for name in ("exit", "excepthook")}
    finders, service = list(sys.meta_path), os.environ.get("WANDB_SERVICE")
    try:
        yield
    finally:
        for name, hook in hooks.items():
            if of_wandb(getattr(sys, name)):
                setattr(sys, name, hook)
        for finder in list(sys.meta_path):
            if finder not in finders and of_wandb(finder):
                sys.meta_path.remove(finder)
        os.environ.pop("WANDB_SERVICE", None)
        if service is not None:
            os.environ["WANDB_SERVICE"] = service
