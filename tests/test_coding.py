"""Lossy codecs lose something, but neither the onset nor the level."""

import io
import os
from itertools import count
from signal import SIGINT
from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal

from kac_prediction.pipeline import coding, effects
from kac_prediction.pipeline.coding import Codec, codecs, coded

RATE = 8000


def strikes(n: int, samples: int = RATE) -> torch.Tensor:
    """Decaying tones of 100 to 900 Hz, with a little noise."""
    t = torch.arange(samples, dtype=torch.float64) / RATE
    pitch = torch.linspace(100, 900, n, dtype=torch.float64)[:, None]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(n, samples, generator=generator, dtype=torch.float64)
    return torch.sin(2 * torch.pi * pitch * t) * torch.exp(-8 * t) + 0.01 * noise


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("codec", ["mp3", "vorbis"])
def test_codecs_add_no_delay_and_keep_the_level(codec: Codec, rate: int) -> None:
    x = strikes(2) * torch.tensor([[1e-4], [300.0]])
    y = coded(x, rate, codec, 0.2)
    assert y.shape == x.shape
    for before, after in zip(x.numpy(), y.numpy(), strict=True):
        lag = np.argmax(signal.correlate(after, before, method="fft")) - (RATE - 1)
        assert lag == 0
        error = 20 * np.log10(np.std(after - before) / np.std(before))
        assert -50 < error < -10
        assert np.dot(after, before) / np.dot(before, before) == pytest.approx(1, abs=0.1)
    assert torch.equal(coded(x, rate, codec, 0.2), y)
    assert effects.rms(coded(x, rate, codec, 0.9) - x)[0] > effects.rms(y - x)[0]


def test_what_cannot_be_coded_is_left() -> None:
    x = strikes(3).float()[:, :300]
    x[0], x[1, 5] = 0, torch.nan
    y = coded(x, RATE, "vorbis")
    assert y.dtype == torch.float32
    assert torch.equal(y[0], x[0])
    assert torch.equal(y[1].isnan(), x[1].isnan())
    assert not torch.equal(y[2], x[2])
    assert coded(x[2:, :7], RATE, "mp3").shape == (1, 7)
    with pytest.raises(ValueError, match="a codec for 96000 Hz must be one of vorbis, got 'mp3'"):
        coded(x, 96000)
    with pytest.raises(ValueError, match="must be one of mp3, vorbis"):
        coded(x, RATE, "flac")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="compression must be at most 1"):
        coded(x, RATE, compression=2.0)
    assert coded(x, 96000, "vorbis").shape == x.shape


def test_ctrl_c_gets_through_while_a_sound_is_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pressing(io.BytesIO):
        def write(self, content: Any) -> int:
            if next(calls) == 3:
                os.kill(os.getpid(), SIGINT)
            return super().write(content)

    x, calls = strikes(2), count()
    monkeypatch.setattr(coding, "BytesIO", Pressing)
    with pytest.raises(KeyboardInterrupt):
        coded(x, RATE)


def test_codecs_by_their_sample_rates() -> None:
    assert codecs(44100) == ("mp3", "vorbis")
    assert codecs(96000) == ("vorbis",)
    assert codecs(384000) == ()
    with pytest.raises(ValueError, match="a codec for 384000 Hz"):
        coded(strikes(1), 384000, "vorbis")
