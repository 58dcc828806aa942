"""Samplers in pure Python, as a user would write them."""

import numpy as np

from kac_prediction.dataset import AudioSampler, SamplerSettings, classLocalsToKwargs


class Click(AudioSampler):
    """A decaying click: the level is drawn anew for each pair, the pitch for each sound."""

    group_size = 2

    class Settings(SamplerSettings, total=False):
        loudest: float

    def __init__(self, duration: float, sample_rate: int, loudest: float = 0.9) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.loudest = loudest

    def updateProperties(self, i: int | None) -> None:
        self.level = self.group_rng.uniform(0.1, self.loudest)
        self.pitch = self.rng.uniform(100.0, 1000.0)

    def generateWaveform(self) -> None:
        t = np.arange(self.length) / self.sample_rate
        self.waveform = self.level * np.exp(-20 * t) * np.sin(2 * np.pi * self.pitch * t)

    def getLabels(self) -> dict[str, list[float | int]]:
        return {"level": [self.level], "pitch": [self.pitch, self.pitch / 2]}


class Broken(Click):
    """A click that goes wrong in the way that `how` says, at its third sound."""

    def __init__(self, duration: float, sample_rate: int, how: str = "") -> None:
        super().__init__(duration, sample_rate)
        self.settings = {"duration": duration, "sample_rate": sample_rate, "how": how}
        self.how = how
        self.i = 0

    def updateProperties(self, i: int | None) -> None:
        super().updateProperties(i)
        self.i = i or 0

    def generateWaveform(self) -> None:
        super().generateWaveform()
        if self.i != 2:
            return
        if self.how == "nan":
            self.waveform[5] = np.nan
        elif self.how == "length":
            self.waveform = self.waveform[:-1]
        elif self.how == "error":
            raise RuntimeError("this sampler broke")

    def getLabels(self) -> dict[str, list[float | int]]:
        if self.i == 2 and self.how == "label":
            return super().getLabels() | {"level": [float("nan")]}
        if self.i == 2 and self.how == "text":
            return super().getLabels() | {"level": ["high"]}  # type: ignore[dict-item]
        return super().getLabels()
