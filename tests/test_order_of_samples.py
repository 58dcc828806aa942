"""Samplers of users whose samples depend on each other: made as in order, or refused."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from interruptions import small_chunks
from kac_prediction.dataset import (
    AudioSampler,
    StreamingDataset,
    classLocalsToKwargs,
    generateDataset,
    regenerateDataPoints,
)
from kac_prediction.dataset.sampler import Labels
from kac_prediction.dataset.storage import Generation

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
COUNT = 23
Digest = Callable[[Path], dict[str, str]]


class Stateful(AudioSampler):
    """Draws a body for every fifth sample, as the samplers of kac_drumset do."""

    def __init__(self, duration: float, sample_rate: int) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.pitch: float | None = None

    def updateProperties(self, i: int | None) -> None:
        if i is None or i % 5 == 0:
            self.pitch = float(self.rng.uniform(100, 1000))

    def generateWaveform(self) -> None:
        if self.pitch is not None:
            self.waveform = np.sin(self.pitch * np.arange(self.length) / self.sample_rate)

    def getLabels(self) -> Labels:
        return {} if self.pitch is None else {"pitch": [self.pitch]}


class Declared(Stateful):
    """As this one, and says so."""

    group_size = 5


class Walk(Stateful):
    """Goes on from wherever the last sample was, across groups."""

    group_size = 5

    def updateProperties(self, i: int | None) -> None:
        self.pitch = (self.pitch or 100.0) + self.rng.uniform()


class Chance(Stateful):
    """Draws from elsewhere."""

    def updateProperties(self, i: int | None) -> None:
        self.pitch = np.random.default_rng().uniform(100, 1000)


class Renamed(Stateful):
    """Has another label in one sample."""

    group_size = 5

    def updateProperties(self, i: int | None) -> None:
        self.pitch, self.name = float(self.rng.uniform(100, 1000)), "other" if i == 17 else "pitch"

    def getLabels(self) -> Labels:
        return {self.name: [self.pitch or 0.0]}


class Counted(Declared):
    """Depends on nothing, and notes what is made."""

    made: ClassVar[list[int]] = []

    def updateProperties(self, i: int | None) -> None:
        self.made.append(i or 0)
        self.pitch = float(self.group_rng.uniform(100, 1000))


REFUSED = [
    (Stateful, r"Stateful makes another sample 1 .* self\.group_rng"),
    (Walk, "Walk makes another sample 0 "),
    (Chance, "Chance makes another sample 0 "),
    (Renamed, r"sample 17 the labels \['other'\] where others have \['pitch'\]"),
]


@pytest.mark.parametrize(("Sampler", "message"), REFUSED)
@pytest.mark.parametrize("workers", [None, 2])
def test_what_depends_on_the_order_is_refused(
    tmp_path: Path, Sampler: Any, message: str, workers: int | None
) -> None:
    with pytest.raises(ValueError, match=message):
        generateDataset(Sampler, SETTINGS, str(tmp_path / "d"), COUNT, seed=1, workers=workers)
    assert not (tmp_path / "d" / "metadata.json").exists()
    with pytest.raises(ValueError, match=message):
        list(islice(StreamingDataset(Sampler, SETTINGS, 1, batch_size=10), 3))


def test_a_group_is_made_from_its_first_sample_on(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Generation.append

    def stop(generation: Generation, records: Any) -> None:
        append(generation, list(records)[:3])
        raise KeyboardInterrupt

    generateDataset(Declared, SETTINGS, str(tmp_path / "one"), COUNT, seed=1)
    small_chunks(monkeypatch, 15 * 80)
    for name, workers in (("two", 2), ("three", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(Generation, "append", stop)
            with pytest.raises(KeyboardInterrupt):
                generateDataset(Declared, SETTINGS, str(tmp_path / name), COUNT, seed=1)
        generateDataset(Declared, SETTINGS, str(tmp_path / name), COUNT, seed=1, workers=workers)
        assert digest(tmp_path / name) == digest(tmp_path / "one")
    (tmp_path / "two" / "sample_00013.wav").unlink()
    made = generateDataset(Declared, SETTINGS, str(tmp_path / "two"), COUNT, seed=1)
    assert digest(tmp_path / "two") == digest(tmp_path / "one")
    pitches = torch.stack([y["pitch"] for y in made.Y])
    assert torch.equal(pitches, pitches[[i // 5 * 5 for i in range(COUNT)]])
    stream = StreamingDataset(Declared, SETTINGS, 1, one_per_group=True, batch_size=4)
    assert torch.equal(next(iter(stream))[1]["pitch"], pitches[[0, 6, 12, 18]])
    with pytest.raises(ValueError, match=r"Declared depend on .* self\.group_rng"):
        regenerateDataPoints(made, Declared, [3])
    assert digest(tmp_path / "two") == digest(tmp_path / "one")


def test_what_depends_on_nothing_is_made_alone() -> None:
    stream = StreamingDataset(Counted, SETTINGS, 1, one_per_group=True, batch_size=4)
    Counted.made.clear()
    next(iter(stream))
    assert 5 in Counted.made  # some were made first, in two orders
    assert [i for i in Counted.made if 5 < i < 20] == [6, 12, 18]
