"""The options of a training: each with its type, default, range and meaning, in this one place."""

import logging
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from types import MappingProxyType, NoneType
from typing import Any, Final, Literal, NotRequired, Self, get_args, get_origin

from typing_extensions import TypedDict, get_type_hints

from ..._checks import (
    brief,
    check_choice,
    check_count,
    check_flag,
    check_number,
    check_seed,
    did_you_mean,
)

logger = logging.getLogger(__name__)

TrainingPrecision = Literal["auto", "float32", "tf32", "bfloat16"]
ScheduleKind = Literal["constant", "cosine", "one_cycle"]
Layer = tuple[str, Mapping[str, Any]]  # where values come from, for messages, and the values
_DEFAULTS = "the defaults"


class Parameters(TypedDict, total=True):
    """Default parameters for any model, which adds its own in a nested `ModelHyperParameters`.

    `TrainingOptions` says what each of them means.
    """

    batch_size: int
    dataset_split: tuple[float, float, float]
    num_of_epochs: int
    testing: bool
    with_early_stopping: bool
    augment_band: NotRequired[float]
    augment_clicks: NotRequired[float]
    augment_clipping: NotRequired[float]
    augment_coding: NotRequired[float]
    augment_damping: NotRequired[float]
    augment_gain: NotRequired[float]
    augment_lead: NotRequired[float]
    augment_noise: NotRequired[float]
    augment_noise_window: NotRequired[float]
    augment_offset: NotRequired[float]
    augment_onset: NotRequired[float]
    augment_polarity: NotRequired[float]
    augment_quantise: NotRequired[float]
    augment_room: NotRequired[float]
    augment_second_drum: NotRequired[float]
    augment_truncate: NotRequired[float]
    compile: NotRequired[bool]
    dataset_size: NotRequired[int]
    gradient_clip: NotRequired[float]
    patience: NotRequired[int]
    precision: NotRequired[TrainingPrecision]
    schedule: NotRequired[ScheduleKind]
    seed: NotRequired[int]
    steps_per_epoch: NotRequired[int]
    warm_up: NotRequired[float]


def _option(meaning: str, default: Any = MISSING, **limits: float) -> Any:
    """Return the field of an option, with its meaning, default and limits, as of `check_number`."""
    return field(default=default, metadata={"meaning": meaning, **limits})


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The common parameters of a training, checked; every model gives those without a default."""

    batch_size: int = _option("samples in a batch of each process; 0 or less: the whole set")
    dataset_split: tuple[float, float, float] = _option(
        "fractions of the drums for training, validation and test, of sum 1"
    )
    num_of_epochs: int = _option("epochs to train for; 0: until early stopping", least=0)
    testing: bool = _option("leave the test set untouched, while parameters are chosen")
    with_early_stopping: bool = _option("stop once the validation loss no longer falls")
    augment_band: float = _option(
        "share of sounds through a telephone, low-pass, high-pass or tilt", 0.0, least=0, most=1
    )
    augment_clicks: float = _option(
        "share of sounds with one to three clicks", 0.0, least=0, most=1
    )
    augment_clipping: float = _option(
        "share of sounds clipped, at 0.1 to 0.9 of their peak", 0.0, least=0, most=1
    )
    augment_coding: float = _option(
        "share of sounds coded as mp3 or Ogg Vorbis, on the CPU", 0.0, least=0, most=1
    )
    augment_damping: float = _option(
        "share of sounds with a further loss that grows with frequency", 0.0, least=0, most=1
    )
    augment_gain: float = _option(
        "gain of each sound, drawn up to +- so many dB, of inputs that are not normalised",
        0.0,
        least=0,
    )
    augment_lead: float = _option(
        "how much later than early a sound may begin, seconds", 0.0, least=0
    )
    augment_noise: float | None = _option(
        "loudest noise in each sound, dB relative to it; by default none", None
    )
    augment_noise_window: float | None = _option(
        "seconds from the strike on to whose level the noise is relative; by default all",
        None,
        above=0,
    )
    augment_offset: float = _option(
        "share of sounds with a constant added, up to 0.3 of their peak", 0.0, least=0, most=1
    )
    augment_onset: float = _option("how early or late a sound may begin, seconds", 0.0, least=0)
    augment_polarity: float = _option("share of sounds turned over", 0.0, least=0, most=1)
    augment_quantise: float = _option("share of sounds quantised to 8 bits", 0.0, least=0, most=1)
    augment_room: float = _option(
        "share of sounds in a room, of T60 0.1 to 0.8 s", 0.0, least=0, most=1
    )
    augment_second_drum: float = _option(
        "share of sounds with another drum, 20 to 50 dB below", 0.0, least=0, most=1
    )
    augment_truncate: float = _option(
        "share of sounds that end early, after 20 ms or more", 0.0, least=0, most=1
    )
    compile: bool | None = _option(
        "compile a `capturable` model, record its step as a CUDA graph; by default on CUDA", None
    )
    dataset_size: int | None = _option(
        "samples that `importDataset` generates; by default 200", None, least=1
    )
    gradient_clip: float = _option("largest norm of all gradients; 0: no limit", 0.0, least=0)
    patience: int = _option("epochs without an improvement before early stopping", 32, least=1)
    precision: TrainingPrecision = _option(  # noqa: RUF009
        "in which a float32 model trains; `auto`: bfloat16 where the device has it", "float32"
    )
    schedule: ScheduleKind = _option(  # noqa: RUF009
        "of the learning rate, which is the peak of `one_cycle`", "constant"
    )
    seed: int | None = _option(
        "of split, order and augmentation (by default 0), weights and dropout (else not seeded)",
        None,
    )
    steps_per_epoch: int | None = _option(
        "batches of an epoch while streaming; by default as the training set has", None, least=1
    )
    warm_up: float = _option(
        "share of the steps in which `one_cycle` rises", 0.25, least=0, below=1
    )

    @property
    def augments(self) -> bool:
        """Whether an option asks for augmentation."""
        options = (option for option in fields(self) if option.name.startswith("augment_"))
        return any(getattr(self, option.name) != option.default for option in options)

    @classmethod
    def read(cls, parameters: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Self:
        """Read the options among the parameters of a training; messages name the origins of values.

        Raise TypeError or ValueError where one is missing, of a wrong type or out of range, or
        where two contradict each other.
        """
        said = dict.fromkeys(OPTIONS, "routine.P") | dict(origins or {})
        missing = [key for key in Parameters.__required_keys__ if key not in parameters]
        if missing:
            raise ValueError(
                f"the defaults lack {', '.join(sorted(missing))}: every model needs them"
            )
        given = {key: value for key, value in parameters.items() if key in OPTIONS}
        options = cls(**{key: _check_option(key, given[key], said[key]) for key in given})
        if options.num_of_epochs == 0 and options.schedule != "constant":
            raise ValueError(
                f"schedule = {options.schedule} (in {said['schedule']}) needs to know the end: set"
                " a number of epochs, or let the learning rate be constant"
            )
        if options.num_of_epochs == 0 and not options.with_early_stopping:
            raise ValueError(
                f"num_of_epochs = 0 (in {said['num_of_epochs']}) means until early stopping: set"
                " with_early_stopping, or a number of epochs"
            )
        if options.with_early_stopping and options.dataset_split[1] == 0:
            raise ValueError(
                "with_early_stopping judges by the validation set, whose share of dataset_split is"
                f" 0 in {said['dataset_split']}: give it a share"
            )
        return options


OPTIONS: Final[Mapping[str, Field[Any]]] = MappingProxyType(
    {option.name: option for option in fields(TrainingOptions)}
)
_TYPES = get_type_hints(TrainingOptions)


def merge_parameters(default: Mapping[str, Any], *layers: Layer) -> dict[str, Any]:
    """Lay values over the defaults, later layers over earlier ones, and check all of them.

    A schedule of the defaults alone becomes 'constant' where a layer asks for epochs without end.
    """
    known = default.keys() | OPTIONS.keys()
    parameters: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in ((_DEFAULTS, default), *layers):
        for key, value in values.items():
            if key not in known:
                listed = f": known are {', '.join(sorted(known))}"
                if not known & values.keys():  # as in the file of a sweep
                    listed += f". {origin} has none of them: run a sweep by bin/sweep"
                nearest = did_you_mean(key, known) or listed
                raise ValueError(
                    f"{key!s:.100} in {origin} is not a parameter of this model{nearest}"
                )
            if key in OPTIONS:
                parameters[key] = _check_option(key, value, origin)
            else:
                parameters[key] = _check_own(f"{key} in {origin}", value, default[key])
            origins[key] = origin
    endless = parameters.get("num_of_epochs") == 0 and parameters.get("with_early_stopping")
    if endless and origins.get("schedule") == _DEFAULTS and parameters["schedule"] != "constant":
        logger.info("schedule: constant, since num_of_epochs = 0 has no end that it could reach")
        parameters["schedule"] = "constant"
    TrainingOptions.read(parameters, origins)
    return parameters


def check_fractions(name: str, value: Any) -> tuple[float, float, float]:
    """Return three numbers of at least 0 that sum to 1, the first above 0; refuse all else."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name} must be three numbers, got {brief(value)}")
    numbers = tuple(check_number(name, number) for number in value)
    good = len(numbers) == 3 and numbers[0] > 0 and min(numbers) >= 0
    if not good or not math.isclose(sum(numbers), 1, abs_tol=1e-6):
        raise ValueError(
            f"{name} must be three numbers of at least 0 that sum to 1, the first above 0, got"
            f" {brief(tuple(value))}"
        )
    return numbers[0], numbers[1], numbers[2]


def _check_option(key: str, value: Any, origin: str) -> Any:
    """Return the value of an option in its proper type."""
    name, limits = f"{key} in {origin}", dict(OPTIONS[key].metadata)
    del limits["meaning"]
    kind: Any = _TYPES[key]
    if get_origin(kind) is Literal:
        return check_choice(name, value, get_args(kind))
    kind = next((each for each in get_args(kind) if each is not NoneType), kind)
    if key == "dataset_split":
        return check_fractions(name, value)
    if key == "seed":
        return check_seed(name, value)
    if kind is bool:
        return check_flag(name, value)
    if kind is float:
        return check_number(name, value, **limits)
    return check_count(name, value, **{"least": -sys.maxsize, **limits})


def _check_own(name: str, value: Any, default: Any) -> Any:
    """Return the value of a model's own parameter, in the type of its default."""
    if default is None:
        return value
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    # A bool is an int to isinstance, yet never what was meant.
    if not isinstance(value, type(default)) or isinstance(value, bool) != isinstance(default, bool):
        raise TypeError(
            f"{name} must be {type(default).__name__}, got {brief(value)} ({type(value).__name__})"
        )
    return value
