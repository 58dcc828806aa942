"""The parameters of a training: defaults, then a yaml file, then weights and biases."""

import difflib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict, get_type_hints

from .device import Precision
from .schedule import Kind
from .split import check_fractions

logger = logging.getLogger(__name__)

DEFAULTS = "the defaults"


class Parameters(TypedDict, total=True):
    """Default parameters for any model.

    A model adds its own in a nested `ModelHyperParameters(Parameters)`.
    """

    batch_size: int  # samples in a batch; 0 or less: the whole part at once
    dataset_split: tuple[float, float, float]  # training, testing, evaluation: fractions, sum 1
    num_of_epochs: int  # 0: until early stopping
    testing: bool  # is the network being used for testing: leave the third part untouched
    with_early_stopping: bool  # should the network stop when it has reached a minimum
    augment_gain: NotRequired[float]  # dB, +-; of use where inputs are not normalised (default 0)
    augment_noise: NotRequired[float]  # dB beside the sound, at most (default: no noise)
    augment_onset: NotRequired[float]  # seconds by which the strike is early or late (default 0)
    compile: NotRequired[bool]  # compile the model and record its step (default: on CUDA, if
    # the model is capturable)
    dataset_size: NotRequired[int]  # how many samples importDataset generates (default 200)
    gradient_clip: NotRequired[float]  # largest norm of all gradients together (default 0: any)
    patience: NotRequired[int]  # epochs without an improvement before stopping early (default 32)
    precision: NotRequired[Precision]  # of float32 while training: whole, 'tf32' on CUDA,
    # 'bfloat16' by autocast, or 'auto', that is bfloat16 where the device has it (default float32)
    schedule: NotRequired[Kind]  # of the learning rate: constant, cosine or one_cycle (constant)
    seed: NotRequired[int]  # of the split and the order of the batches (default 0), and where it
    # is given, of dropout too: without, that begins with torch's own generators as they are
    steps_per_epoch: NotRequired[int]  # while streaming (default: as the first part would give)
    warm_up: NotRequired[float]  # share of the steps that one_cycle rises for (default 0.25)


_HINTS: dict[str, Any] = get_type_hints(Parameters)
_REQUIRED: frozenset[str] = Parameters.__required_keys__
_STRICT = ConfigDict(strict=True)
_LEAST = {
    "augment_gain": 0,
    "augment_onset": 0,
    "dataset_size": 1,
    "gradient_clip": 0,
    "num_of_epochs": 0,
    "patience": 1,
    "seed": 0,
    "steps_per_epoch": 1,
    "warm_up": 0,
}


def merge_parameters(
    default: Mapping[str, Any], *layers: tuple[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Lay values over the defaults, each checked on the way.

    The keys of `Parameters` are checked against their types there, the others against the type of
    their default. A key that is neither is left out, with a warning that offers the nearest name.

    Args:
        default: all parameters, with their default values.
        layers: pairs of where the values come from, for messages, and the values; later ones win.

    Raises:
        TypeError: a value of the wrong type; names the key, its origin, expected and found.
        ValueError: a common key is missing, or a value makes no sense.
    """
    missing = sorted(_REQUIRED - default.keys())
    if missing:
        raise ValueError(f"{DEFAULTS} lack {', '.join(missing)}: every model needs them")
    parameters = {key: _checked(key, value, value, DEFAULTS) for key, value in default.items()}
    origins = dict.fromkeys(parameters, DEFAULTS)
    names = parameters.keys() | _HINTS.keys()
    for origin, values in layers:
        for key, value in values.items():
            if key not in names:
                logger.warning("%s", _unknown(key, names, origin))
                continue
            parameters[key] = _checked(key, value, default.get(key), origin)
            origins[key] = origin
    _check_values(parameters, origins)
    return parameters


def known(values: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are parameters, common ones or of the model with these defaults."""
    return {key: value for key, value in values.items() if key in default or key in _HINTS}


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read parameters from a yaml file, which may be empty and may hold `!!python/tuple [..]`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not yaml, or not a mapping of names to values.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no parameter file {str(path)!r}")
    try:
        with file.open(encoding="utf-8") as stream:
            values = yaml.load(stream, Loader=_ParameterLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a yaml file of parameters: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ValueError(
            f"{path} must be a mapping, lines of 'name: value', not a {type(values).__name__}"
        )
    return {str(key): value for key, value in values.items()}


class _ParameterLoader(yaml.SafeLoader):
    """Safe yaml, with tuples, and with numbers such as 1e-3, which YAML 1.1 takes for text."""

    def tuple(self, node: yaml.SequenceNode) -> tuple[Any, ...]:
        return tuple(self.construct_sequence(node, deep=True))


_ParameterLoader.add_constructor("tag:yaml.org,2002:python/tuple", _ParameterLoader.tuple)
_ParameterLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def _checked(key: str, value: Any, default: Any, origin: str) -> Any:
    """The value in its proper type: an int where a float is due, a list where a tuple is."""
    if key in _HINTS:
        return _common(key, value, origin)
    if default is None:
        return value
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    # A bool is an int to isinstance, yet never what was meant.
    fits = isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)
    if not fits:
        raise _wrong_type(key, value, type(default).__name__, origin)
    return value


def _common(key: str, value: Any, origin: str) -> Any:
    hint = _HINTS[key]
    adapter: TypeAdapter[Any] = TypeAdapter(hint, config=_STRICT)
    try:
        return adapter.validate_python(tuple(value) if isinstance(value, list) else value)
    except ValidationError as error:
        name = hint.__name__ if isinstance(hint, type) else str(hint)
        raise _wrong_type(key, value, name, origin) from error


def _wrong_type(key: str, value: Any, expected: str, origin: str) -> TypeError:
    return TypeError(
        f"{key} in {origin}: expected {expected}, found {value!r} ({type(value).__name__})"
    )


def _unknown(key: str, known: set[str], origin: str) -> str:
    nearest = difflib.get_close_matches(key, sorted(known), n=1)
    offer = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(sorted(known))}"
    return f"{key} in {origin} is not a parameter of this model and is left out: {offer}"


def _check_values(parameters: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    """Refuse values of the right type that make no sense."""
    try:
        check_fractions(parameters["dataset_split"])
    except ValueError as error:
        raise ValueError(f"{error} (in {origins['dataset_split']})") from error
    for key, least in _LEAST.items():
        if not parameters.get(key, least) >= least:
            raise ValueError(
                f"{key} in {origins[key]} must be at least {least}, not {parameters[key]}"
            )
    if not parameters.get("warm_up", 0.0) < 1:
        raise ValueError(
            f"warm_up in {origins['warm_up']} is a share of the steps, from 0 to less than 1, not"
            f" {parameters['warm_up']}"
        )
    _check_ends(parameters, origins)


def _check_ends(parameters: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    """Refuse a training that would not know when to stop, or how far it has come."""
    stopping = parameters["with_early_stopping"]
    schedule = parameters.get("schedule", "constant")
    if parameters["num_of_epochs"] == 0 and schedule != "constant":
        raise ValueError(
            f"schedule = {schedule} (in {origins['schedule']}) needs to know the end: set a number"
            " of epochs, or let the learning rate be constant"
        )
    if parameters["num_of_epochs"] == 0 and not stopping:
        raise ValueError(
            f"num_of_epochs = 0 (in {origins['num_of_epochs']}) means until early stopping: set"
            " with_early_stopping, or a number of epochs"
        )
    if stopping and parameters["dataset_split"][1] == 0:
        raise ValueError(
            "with_early_stopping judges by the second part of dataset_split, which is 0 in"
            f" {origins['dataset_split']}: give it a share"
        )
