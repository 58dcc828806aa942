"""ModelInput: spectra that a model sees."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from kac_prediction.dataset import InputRepresentation, RepresentationSettings
from kac_prediction.pipeline import ModelInput

MEL: RepresentationSettings = {"output_type": "mel", "n_mels": 9, "log": -80.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_representation_is_of_the_normalised_crop(dtype: torch.dtype) -> None:
    sounds = torch.rand(3, 2000, dtype=dtype, generator=torch.Generator().manual_seed(0))
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=MEL)
    mel = InputRepresentation(
        48000, MEL, precision="single" if dtype == torch.float32 else "double"
    )
    inputs = seen.inputs(sounds)
    assert (inputs.dtype, inputs.shape) == (dtype, (3, 9, 6))
    assert torch.allclose(inputs, mel.transform(sounds[:, :1500]))
    assert torch.equal(inputs[1], seen.inputs(sounds[1]))
    raw = ModelInput(48000, 1500, ("a",), ("",), normalise=False, representation=MEL)
    unchanged = InputRepresentation(48000, {**MEL, "normalise_input": False})
    expected = unchanged.transform(sounds[:, :1500]).to(dtype)
    assert torch.allclose(raw.inputs(sounds), expected, atol=1e-3)
    assert not torch.allclose(raw.inputs(sounds), inputs, atol=1)


CROWDED: RepresentationSettings = {"output_type": "mel", "n_mels": 77}


def test_spectra_are_planned_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks, and as often: every plan of these warns of its silent filters."""
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=CROWDED)
    sounds = torch.rand(2, 1500, dtype=torch.float64)
    expected = seen.inputs(sounds)
    copies = [copy.deepcopy(seen), pickle.loads(pickle.dumps(seen)), replace(seen, normalise=False)]
    for again in (seen, *copies):
        assert torch.equal(again.inputs(seen.waveforms(sounds)), expected)
        assert ModelInput.from_dict(again.to_dict()) == again
    assert (copies[0], copies[1]) == (seen, seen)
    assert sum("stay silent" in record.message for record in caplog.records) == 1
    for _ in range(3):  # The other precision has a plan of its own.
        assert torch.allclose(seen.inputs(sounds.float()).double(), expected, rtol=1e-4)
    assert sum("stay silent" in record.message for record in caplog.records) == 2


class Seen(torch.utils.data.Dataset[torch.Tensor]):
    def __init__(self, model_input: ModelInput, sounds: torch.Tensor) -> None:
        self.model_input, self.sounds = model_input, sounds

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.model_input.inputs(self.sounds[i])

    def __len__(self) -> int:
        return len(self.sounds)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_worker_of_a_loader_sees_the_same_spectra() -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=MEL)
    sounds = torch.rand(4, 1500)
    expected = seen.inputs(sounds)
    loader = DataLoader(Seen(seen, sounds), 4, num_workers=1, multiprocessing_context="fork")
    assert torch.equal(next(iter(loader)), expected)


def test_halves_hold_a_spectrum_or_it_is_refused() -> None:
    """The power of a tone is (n_bins / 4)^2 at its peak, and float16 ends at 65504."""
    tone = torch.sin(2 * torch.pi * torch.arange(4096) / 16).half()
    settings: Any = {"output_type": "fft", "n_bins": 2048, "window_length": 2048}

    def seen(**others: Any) -> ModelInput:
        return ModelInput(48000, 4096, ("a",), ("",), representation=settings | others)

    with pytest.raises(ValueError, match=r"beyond torch.float16, .* 6.55e\+04: set log .* wider"):
        seen().inputs(tone)
    for remedied in (seen(log=-80.0).inputs(tone), seen(power=1).inputs(tone)):
        assert remedied.dtype == torch.float16
        assert torch.isfinite(remedied).all()
    with pytest.raises(ValueError, match=r"beyond torch.float8_e5m2, .* less amplitude"):
        seen().inputs(tone.to(torch.float8_e5m2))
    power = seen().inputs(tone.float())
    assert power.max() == pytest.approx(512**2, rel=1e-3)
    torch.testing.assert_close(seen().inputs(tone.bfloat16()).float(), power, rtol=0, atol=2000)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e20), (torch.float64, 1e160)])
def test_a_spectrum_that_overflows_is_refused(dtype: torch.dtype, size: float) -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), normalise=False, representation=MEL)
    with pytest.raises(ValueError, match=f"a spectrum is beyond {dtype}, .* less amplitude"):
        seen.inputs(size * torch.rand(2, 1500, dtype=dtype))
    assert seen.inputs(torch.rand(0, 1500, dtype=dtype)).shape == (0, 9, 6)


def test_without_a_representation_a_model_sees_waves() -> None:
    sounds = torch.rand(2, 20)
    recipe = ModelInput(48000, 8, ("a",), ("",))
    assert torch.equal(recipe.inputs(sounds), recipe.waveforms(sounds))


def test_a_representation_must_fit() -> None:
    with pytest.raises(ValueError, match="n_fft"):
        ModelInput(48000, 1500, ("a",), ("",), representation={"n_fft": 9})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ValueError, match="f_max must be at most half the sample rate"):
        ModelInput(8000, 1500, ("a",), ("",), representation={**MEL, "f_max": 5000})
    for wrong in ("mel", 5, [("n_bins", 512)]):
        with pytest.raises(TypeError, match=r"such as \{'output_type': 'mel'\}, or None, got"):
            ModelInput(48000, 1500, ("a",), ("",), representation=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="n_bins must be a whole number"):
        ModelInput(48000, 1500, ("a",), ("",), representation={"n_bins": [5]})  # type: ignore[typeddict-item]
    with pytest.raises(ValueError, match="at least 257 samples"):
        ModelInput(48000, 200, ("a",), ("",), representation=MEL)
