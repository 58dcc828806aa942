"""AudioSampler: what makes the sound and the labels of sample i, from numbers drawn by index."""

import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import deepcopy
from operator import index
from pathlib import Path
from secrets import randbits
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from typing_extensions import TypedDict

from .. import _core, _html
from .._arrays import Float64
from .._checks import brief, check_number, check_seed, shorten
from .._files import reporting

Labels: TypeAlias = dict[str, list[float | int]]

SAMPLE, GROUP = 0, 1
"""The two streams of a sample: its own numbers, and those of the body it shares with its group."""

_METHODS = frozenset({"updateProperties", "generateWaveform", "getLabels"})


class SamplerInfo(TypedDict):
    """Which sampler made a dataset: the name of its class, and the version of the package."""

    name: str
    version: str


def makes_same_sounds(sampler: SamplerInfo, other: SamplerInfo) -> bool:
    """Return whether names agree, and the first numbers of the versions."""
    versions = {info["version"].split(".")[0] for info in (sampler, other)}
    return sampler["name"] == other["name"] and len(versions) == 1


class SamplerSettings(TypedDict):
    """What every sampler's constructor takes: seconds of a sound, and samples per second."""

    duration: float
    sample_rate: int


def classLocalsToKwargs(class_locals: dict[str, Any]) -> dict[str, Any]:
    """Turn the `locals()` on the first line of an `__init__` into the arguments of the call.

    Returns:
        The arguments by name, without `self` and the compiler's `__class__`; the contents of a
        parameter named `kwargs` are among the others.
    """
    kwargs = {k: v for k, v in class_locals.items() if k not in {"self", "__class__", "kwargs"}}
    kwargs.update(class_locals.get("kwargs", {}))
    return kwargs


def fresh_seed() -> int:
    """Draw a new seed of 63 bits from the system's entropy, so that it fits any file format."""
    return randbits(63)


class IndexedGenerator:
    """A NumPy Generator on Philox that can be put at the start of any sample's own numbers.

    Philox is counter based: the key comes from the seed, and the 256-bit counter holds
    (position, index, revision, stream), so every sample owns 2^64 blocks that no other touches.
    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Attributes:
        generator: the Generator itself, which `seek` moves.
    """

    def __init__(self, seed: int, stream: int) -> None:
        self._stream = stream
        self._bits = np.random.Philox(np.random.SeedSequence(seed))
        self._state: Any = self._bits.state
        self._key = self._state["state"]["key"]
        self.generator = np.random.Generator(self._bits)
        self.seek(0, 0)

    def seek(self, index: int, revision: int) -> None:
        """Go to the first number of sample (or group) `index` in its `revision`."""
        counter = np.array([0, index, revision, self._stream], dtype=np.uint64)
        self._state["state"] = {"counter": counter, "key": self._key}
        self._state["buffer_pos"] = 4
        self._state["has_uint32"] = 0
        self._bits.state = self._state


class AudioSampler(ABC):
    """A source of labelled sounds: sample i is a function of (seed, i, revision).

    A sampler of your own defines three methods and calls
    `super().__init__(**classLocalsToKwargs(locals()))` in its constructor. It draws from `self.rng`
    in `updateProperties`, so that a dataset can be made again on any number of workers; what it
    keeps from one sample to the next is refused, unless it is kept within a group.

    Attributes:
        duration: length of a sound in seconds.
        group_size: how many consecutive samples share one body (one drum struck several times);
            a dataset is never split inside a group.
        group_rng: generator of the body's own numbers, the same for all samples of a group.
        length: length of a sound in samples.
        rng: generator of the sample's own numbers.
        sample_rate: samples per second.
        settings: the constructor's arguments, as they are stored with a dataset.
        threads: how many threads `render` may use; 0 means all that the process may use.
        waveform: the sound, shape (length,), float64.
    """

    group_size: ClassVar[int] = 1

    class Settings(SamplerSettings, total=False):
        """Mirrors the parameters of `__init__`; a subclass adds its own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Drop an inherited batch kernel that knows nothing of a verb which is overridden."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        inherited = "render" not in own and cls.render is not AudioSampler.render
        if inherited and not _METHODS.isdisjoint(own):
            cls.render = AudioSampler.render  # type: ignore[method-assign]

    def __init__(self, duration: float, sample_rate: int, **kwargs: Any) -> None:
        """Store the settings; `kwargs` are the other arguments of the subclass.

        Raises:
            ValueError: the duration holds no sample, or a value is out of range.
            TypeError: the sample rate is not an integer, or the duration not a number.
        """
        self.duration = check_number("duration", duration, above=0.0)
        if check_number("sample_rate", sample_rate, least=1.0) % 1 != 0:
            raise TypeError(f"sample_rate must be an integer (Hz), got {sample_rate!r}.")
        self.sample_rate = int(sample_rate)
        if round(self.duration * self.sample_rate) < 1:
            raise ValueError(
                f"duration must hold at least one sample, got {duration!r} s at {sample_rate} Hz."
            )
        self.settings = {"duration": duration, "sample_rate": self.sample_rate, **kwargs}
        self.length = round(self.duration * self.sample_rate)
        self.waveform: Float64 = np.zeros(self.length)
        self._before_any_sound = self.waveform
        self.threads = 0
        self.seed(fresh_seed())

    def __repr__(self) -> str:
        """Return the call that makes this sampler, without the defaults and cut short."""
        defaults = inspect.signature(type(self)).parameters
        given = [
            f"{name}={brief(value)}"
            for name, value in vars(self).get("settings", {}).items()
            if name not in defaults or repr(defaults[name].default) != repr(value)
        ]
        return shorten(f"{type(self).__name__}({', '.join(given)})")

    def _repr_html_(self) -> str:
        """Return the settings, and a player of the sound made last, for notebooks."""
        return _html.block(repr(self), *self._pieces())

    def _pieces(self) -> list[str]:
        """Return what there is to show, as HTML."""
        made = self._has_sound()
        sound = [_html.player(self.waveform, self.sample_rate, "waveform")] if made else []
        return [_html.table(self.settings.items()), *sound]

    def _has_sound(self) -> bool:
        return self.waveform is not self._before_any_sound or bool(self.waveform.any())

    @abstractmethod
    def generateWaveform(self) -> None:
        """Make the sound of the current properties and set `self.waveform`, shape (length,)."""

    @abstractmethod
    def getLabels(self) -> Labels:
        """Return what there is to learn about the current sound: a list of numbers per label."""

    @abstractmethod
    def updateProperties(self, i: int | None = None) -> None:
        """Draw the properties of sample `i` from `self.rng` and `self.group_rng`.

        Args:
            i: index of the sample in its dataset; None outside a dataset: draw all of them.
        """

    def seed(self, seed: int, revisions: Mapping[int, int] | None = None) -> None:
        """Fix all that will be drawn.

        Args:
            seed: an integer in [0, 2^64).
            revisions: how often each sample has been regenerated; those left out count 0.

        Raises:
            TypeError, ValueError: `seed` is not an integer, or out of range.
        """
        seed = check_seed("seed", seed)
        self._own = IndexedGenerator(seed, SAMPLE)
        self._shared = IndexedGenerator(seed, GROUP)
        self._revisions = dict(revisions or {})
        self.rng = self._own.generator
        self.group_rng = self._shared.generator

    def reseed(self, i: int) -> None:
        """Put `rng` and `group_rng` at the first number of sample `i` and of its group.

        A sample that was regenerated (revision above 0) has left its group: its body is its own.

        Raises:
            TypeError: `i` is not an integer.
            ValueError: `i` is negative.
        """
        if index(i) < 0:
            raise ValueError(f"samples are numbered from 0, got {i}.")
        revision = self._revisions.get(i, 0)
        self._own.seek(i, revision)
        self._shared.seek(i if revision else i // self.group_size, revision)

    def render(self, indices: Iterable[int]) -> tuple[Float64, list[Labels]]:
        """Make the sounds and labels of n samples of the dataset that this seed defines.

        Samplers that have a batch kernel override this; the result must be that of the three
        methods, sample by sample.

        Returns:
            Waveforms, shape (n, length), float64, and n dictionaries of labels.

        Raises:
            ValueError: a waveform does not have `length` samples.
        """
        indices = list(indices)
        waveforms = np.empty((len(indices), self.length))
        labels: list[Labels] = []
        for row, i in enumerate(indices):
            try:
                self.reseed(i)
                self.updateProperties(i)
                self.generateWaveform()
                if np.shape(self.waveform) != (self.length,):
                    raise ValueError(
                        f"{type(self).__name__}.generateWaveform() must set a waveform of shape "
                        f"({self.length},), got {np.shape(self.waveform)} for sample {i}."
                    )
                waveforms[row] = self.waveform
                # A copy: a sampler may hand out a dictionary that it goes on to change.
                labels.append(deepcopy(self.getLabels()))
            except Exception as error:
                error.add_note(f"{type(self).__name__} was making sample {i}.")
                raise
        return waveforms, labels

    def export(self, absolutePath: str | Path, bit_depth: Literal[16, 24, 32] = 24) -> None:
        """Write the current waveform to a mono PCM wav file, in a directory that exists.

        Samples beyond -1 and 1 are clipped, with one warning that counts them.

        Raises:
            OSError: the file cannot be written.
            ValueError: no sound has been made yet, another bit depth, or a sample that is not a
                finite number.
        """
        if not self._has_sound():
            raise ValueError("there is no sound to export yet: call generateWaveform() first.")
        # The core's writer serves single files too (rather than soundfile's), so that a sound has
        # the same bytes wherever it is exported from.
        with reporting("exporting a sound", absolutePath):
            clipped, _ = _core.write_wavs(
                [str(absolutePath)], self.waveform[None], self.sample_rate, bit_depth
            )
        if clipped[0]:
            warnings.warn(
                f"{clipped[0]} samples beyond [-1, 1] were clipped in {absolutePath}.",
                stacklevel=2,
            )
