"""Batches synthesised on the fly: no drum comes twice, and every batch has its place."""

import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.dataset import InputRepresentation
from kac_prediction.pipeline import ModelInput
from kac_prediction.pipeline.augmentation import Augmentation
from kac_prediction.pipeline.training.batches import generator
from kac_prediction.pipeline.training.distributed import ProcessGroup
from kac_prediction.pipeline.training.synthesis import EPOCH, Source, SynthesisedBatches
from kac_prediction.samplers import BesselModel, FDTDModel, LaméModel, PoissonModel
from samplers_of_users import Broken, Click
from waiting import wait_until

RATE, LENGTH = 8000, 64
SETTINGS: dict[str, Any] = {"duration": 0.1, "sample_rate": RATE}
SIZE = ModelInput(RATE, LENGTH, ("drum_size",), ("m",))
LEVEL = ModelInput(RATE, LENGTH, ("level",), ("",))
BOTH = ModelInput(RATE, LENGTH, ("drum_size", "aspect_ratio"), ("m", ""))
FAMILIES = ModelInput(
    RATE,
    LENGTH,
    ("family", "drum_size", "aspect_ratio"),
    ("", "m", ""),
    scales=("linear", "log", "linear"),
    classes={"family": ("circle", "rectangle")},
)
TWO = [
    Source(BesselModel, SETTINGS, {"family": 0.0}),
    Source(PoissonModel, SETTINGS, {"family": 1.0}),
]


class Quieter(BesselModel):
    """A drum whose sound a user changes, so that the core's is not all there is to it."""

    def generateWaveform(self) -> None:
        super().generateWaveform()
        self.waveform = np.cumsum(self.waveform[::-1])[::-1] / self.length


def circles(**changed: Any) -> SynthesisedBatches:
    arguments: dict[str, Any] = {
        "sources": [(BesselModel, SETTINGS)],
        "model_input": SIZE,
        "batch_size": 6,
        "steps": 4,
        "seed": 3,
    }
    return SynthesisedBatches(**arguments | changed)


def gathered(batches: SynthesisedBatches, *epochs: int) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = zip(*(batch for epoch in epochs for batch in batches.epoch(epoch)), strict=True)
    return torch.cat(x), torch.cat(y)


def equal(one: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def by_hand(Sampler: Any, settings: Any, seed: int, samples: range) -> Any:
    """What the sampler makes of these members of the stream: sounds and labels."""
    sampler = Sampler(**settings)
    sampler.seed(seed)
    size = sampler.group_size
    return sampler.render([k * size + k % size for k in samples])


@pytest.mark.parametrize(
    ("Sampler", "more"),
    [
        (BesselModel, {}),
        (PoissonModel, {}),
        (LaméModel, {}),
        (FDTDModel, {"arbitrary_shape": "ConvexPolygon", "drum_size": (0.2, 0.4)}),
        (FDTDModel, {"arbitrary_shape": "Circle", "drum_size": (0.2, 0.4)}),
    ],
)
@pytest.mark.parametrize("sample_rate", [RATE, 48000])
def test_the_beginning_does_not_depend_on_the_end(
    Sampler: Any, more: dict[str, Any], sample_rate: int
) -> None:
    samples = range(6)
    long, y = by_hand(Sampler, SETTINGS | more | {"sample_rate": sample_rate}, 1, samples)
    short = {"duration": LENGTH / sample_rate, "sample_rate": sample_rate}
    cut, labels = by_hand(Sampler, short | more, 1, samples)
    assert labels == y
    assert cut.shape == (6, LENGTH)
    np.testing.assert_allclose(
        InputRepresentation.normalise(cut),
        InputRepresentation.normalise(long[:, :LENGTH]),
        rtol=0,
        atol=1e-12,
    )
    # The level does: the largest sample of all is the amplitude, unless nothing is heard yet.
    assert np.isin(np.abs(cut).max(axis=1), [0, 1]).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_batch_is_what_the_recipe_makes_of_whole_sounds(dtype: torch.dtype) -> None:
    batches = circles(dtype=dtype)
    assert len(list(batches.epoch(0))) == 4
    assert batches.count == 24
    assert batches.weights == [1.0] * 4
    x, y = gathered(batches, 2)
    sounds, labels = by_hand(
        BesselModel, SETTINGS, batches.streams[0].seed, range(2 * EPOCH, 2 * EPOCH + 24)
    )
    assert x.dtype == y.dtype == dtype
    tolerance = 1e-12 if dtype == torch.float64 else 2e-5
    torch.testing.assert_close(x.double(), SIZE.inputs(sounds), rtol=0, atol=tolerance)
    Y = [{"drum_size": torch.tensor(each["drum_size"], dtype=torch.float64)} for each in labels]
    assert torch.equal(y, SIZE.targets(Y).to(dtype))


def test_only_what_is_seen_is_made_in_the_precision_that_is_needed() -> None:
    made = circles().streams[0]
    assert made.sampler_settings["duration"] * RATE == LENGTH
    assert made.sampler_settings["precision"] == "single"
    double = SETTINGS | {"precision": "double"}
    assert circles(sources=[(BesselModel, double)]).streams[0].sampler_settings == double | {
        "duration": LENGTH / RATE
    }
    assert "precision" not in circles(dtype=torch.float64).streams[0].sampler_settings
    margin = circles(augmentation=Augmentation(SIZE, onset=0.002)).streams[0]
    assert margin.sampler_settings["duration"] * RATE == LENGTH + 16


def test_a_level_that_matters_is_that_of_the_whole_sound() -> None:
    raw = ModelInput(RATE, LENGTH, ("drum_size",), ("m",), normalise=False)
    batches = circles(model_input=raw, dtype=torch.float64)
    x, _ = gathered(batches, 0)
    sounds, _ = by_hand(BesselModel, SETTINGS, batches.streams[0].seed, range(24))
    assert np.array_equal(x.numpy(), sounds[:, :LENGTH])


@pytest.mark.parametrize(
    ("Sampler", "model_input"), [(Click, LEVEL), (Quieter, SIZE)], ids=["python", "changed verb"]
)
def test_the_settings_of_other_samplers_are_left_alone(Sampler: Any, model_input: Any) -> None:
    batches = circles(sources=[(Sampler, SETTINGS)], model_input=model_input, dtype=torch.float64)
    assert batches.streams[0].sampler_settings == SETTINGS
    x, _ = next(batches.epoch(0))
    sounds, _ = by_hand(Sampler, SETTINGS, batches.streams[0].seed, range(6))
    assert torch.equal(x, model_input.inputs(sounds))


def test_no_drum_comes_twice() -> None:
    ranks = [circles(processes=ProcessGroup(rank, 2), dtype=torch.float64) for rank in (0, 1)]
    sizes = torch.cat([gathered(batches, 0, 1, 7)[1] for batches in ranks])
    assert len(sizes.unique()) == len(sizes) == 2 * 3 * 24
    other = gathered(circles(seed=4, dtype=torch.float64), 0)[1]
    _, dataset = by_hand(BesselModel, SETTINGS, 3, range(24))
    stored = torch.tensor([each["drum_size"] for each in dataset], dtype=torch.float64)
    assert not torch.isin(sizes, other).any()
    assert not torch.isin(sizes, stored).any()


def test_processes_hear_together_what_one_hears_alone() -> None:
    alone = list(circles(batch_size=12).epoch(5))
    ranks = [circles(processes=ProcessGroup(rank, 2)) for rank in (0, 1)]
    assert [batches.count for batches in ranks] == [48, 48]
    for (x, y), *parts in zip(alone, *(batches.epoch(5) for batches in ranks), strict=True):
        assert torch.equal(x, torch.cat([part[0] for part in parts]))
        assert torch.equal(y, torch.cat([part[1] for part in parts]))


@pytest.mark.parametrize("noise", [None, -20.0])
def test_an_epoch_is_a_function_of_its_number(noise: float | None) -> None:
    augmentation = None if noise is None else Augmentation(SIZE, noise=noise, onset=0.001)
    batches = circles(augmentation=augmentation)
    epochs = [gathered(batches, number) for number in range(3)]
    assert not torch.equal(epochs[0][0], epochs[1][0])
    assert equal(gathered(batches, 1), epochs[1])  # back
    assert equal(gathered(circles(augmentation=augmentation), 2), epochs[2])  # going on
    left = batches.epoch(0)
    assert equal(next(left), next(circles(augmentation=augmentation).epoch(0)))
    beside = batches.epoch(0)
    assert equal(list(islice(beside, 4))[3], list(left)[2])
    assert equal(gathered(batches, 1), epochs[1])


def test_epochs_in_order_continue_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    batches = circles()
    begin = batches._from_epoch
    monkeypatch.setattr(
        batches, "_from_epoch", lambda number: begun.append(number) or begin(number)
    )
    gathered(batches, 0, 1, 2)
    assert begun == [0]
    gathered(batches, 4, 5)
    assert begun == [0, 4]
    next(batches.epoch(6))
    gathered(batches, 7)
    assert begun == [0, 4, 7]


def test_its_threads_end_with_it(new_threads: Callable[[], set[threading.Thread]]) -> None:
    batches = circles()
    for _ in batches.epoch(0):
        pass
    assert new_threads()
    batches = circles()
    wait_until(lambda: not new_threads())
    left = batches.epoch(0)
    next(left)
    assert new_threads()
    del left
    wait_until(lambda: not new_threads())
    gathered(batches, 0)
    del batches
    wait_until(lambda: not new_threads())


def test_several_sources_share_each_batch() -> None:
    batches = circles(sources=TWO, model_input=FAMILIES, batch_size=7, dtype=torch.float64)
    assert len({stream.seed for stream in batches.streams}) == 2
    for x, y in batches.epoch(0):
        assert x.shape == (7, LENGTH)
        assert y[:, 0].tolist() == [0.0] * 4 + [1.0] * 3
        assert not y[:, 1].isnan().any()
        assert y[:, 2].isnan().tolist() == [True] * 4 + [False] * 3
    last = by_hand(PoissonModel, SETTINGS, batches.streams[1].seed, range(9, 12))
    torch.testing.assert_close(x[4:], FAMILIES.inputs(last[0]), rtol=0, atol=1e-12)
    expected = [[np.log(each["drum_size"][0]), each["aspect_ratio"][0]] for each in last[1]]
    np.testing.assert_allclose(y[4:, 1:].numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("batch_size", "shares", "expected"),
    [
        (64, [57.0, 7.0], [57, 7]),
        (64, [8, 1], [57, 7]),  # 56.9 and 7.1
        (10, [0.5, 0.3, 0.2], [5, 3, 2]),
        (10, [1.0, 1.0, 1.0], [4, 3, 3]),
        (6, [0.1, 0.1, 0.1], [2, 2, 2]),
        (7, [3.0, 3.0], [4, 3]),
        (8, [1e-9, 5.0, 1.0], [1, 6, 1]),
        (3, [1e-9, 1.0, 1e-9], [1, 1, 1]),
        (5, [1e300, 1e-300], [4, 1]),
    ],
)
def test_a_batch_is_divided_by_shares(
    batch_size: int, shares: list[float], expected: list[int]
) -> None:
    sources = [
        Source(BesselModel, SETTINGS, {"family": k % 2}, share) for k, share in enumerate(shares)
    ]
    batches = circles(sources=sources, model_input=FAMILIES, batch_size=batch_size)
    x, y = next(batches.epoch(0))
    assert len(x) == batch_size
    families = [k % 2 for k, count in enumerate(expected) for _ in range(count)]
    assert y[:, 0].tolist() == families


def test_sources_alike_make_other_drums() -> None:
    batches = circles(sources=[(BesselModel, SETTINGS)] * 2)
    x, y = gathered(batches, 0)
    assert len(y.unique()) == 24
    assert len(x.unique(dim=0)) == 24


def test_augmented_from_the_sounds_with_their_margin() -> None:
    augmentation = Augmentation(BOTH, noise=-20.0, onset=0.002)
    batches = SynthesisedBatches(
        [(PoissonModel, SETTINGS)],
        BOTH,
        5,
        3,
        9,
        processes=ProcessGroup(1, 2),
        augmentation=augmentation,
    )
    draws = generator(torch.device("cpu"), 9, 4, 1)
    seed, settings = batches.streams[0].seed, batches.streams[0].sampler_settings
    for step, (x, y) in enumerate(batches.epoch(4)):
        first = 4 * EPOCH + (2 * step + 1) * 5
        sounds, _ = by_hand(PoissonModel, settings, seed, range(first, first + 5))
        assert torch.equal(x, augmentation(torch.from_numpy(sounds).float(), draws))
        assert y.shape == (5, 2)


def test_spectrograms() -> None:
    settings: Any = {"output_type": "fft", "n_bins": 32, "window_length": 32, "hop_length": 8}
    spectra = ModelInput(RATE, LENGTH, ("drum_size",), ("m",), representation=settings)
    x, _ = next(circles(model_input=spectra).epoch(0))
    wave, _ = next(circles().epoch(0))
    torch.testing.assert_close(x, spectra.inputs(wave), rtol=1e-4, atol=1e-4)
    augmented = Augmentation(spectra, noise=-20.0)
    assert next(circles(model_input=spectra, augmentation=augmented).epoch(0))[0].shape == x.shape


@pytest.mark.parametrize("augmentation", [None, Augmentation(LEVEL, onset=0.001)])
def test_a_broken_sound_is_named(
    monkeypatch: pytest.MonkeyPatch, augmentation: Augmentation | None
) -> None:
    monkeypatch.setattr(Broken, "group_size", 1)
    settings = SETTINGS | {"how": "nan"}
    batches = circles(
        sources=[(Broken, settings)], model_input=LEVEL, batch_size=2, augmentation=augmentation
    )
    epoch = batches.epoch(0)
    next(epoch)
    with pytest.raises(ValueError, match="sample 2 at position 5"):
        next(epoch)
    assert next(batches.epoch(1))[0].shape == (2, LENGTH)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"sources": []}, ValueError, "0 sources"),
        ({"sources": TWO, "batch_size": 1}, ValueError, "2 sources, batch_size 1"),
        ({"batch_size": 0}, ValueError, "batch_size 0"),
        ({"steps": 0}, ValueError, "steps 0"),
        (
            {"sources": [Source(BesselModel, SETTINGS, share=0.0)]},
            ValueError,
            "the share of BesselModel must be above 0",
        ),
        (
            {"sources": [Source(BesselModel, SETTINGS, share="all")]},
            TypeError,
            "the share of BesselModel must be a number",
        ),
        ({"seed": -1}, ValueError, "non-negative"),
        ({"sources": [(dict, SETTINGS)]}, TypeError, "subclass of AudioSampler"),
        ({"sources": [(BesselModel, {})]}, TypeError, "BesselModel cannot be made"),
        ({"sources": [(BesselModel, SETTINGS | {"sample_rate": 44100})]}, ValueError, "44100 Hz"),
        (
            {"sources": [(BesselModel, SETTINGS | {"duration": 0.007})]},
            ValueError,
            "hears 64 samples at 8000 Hz; BesselModel makes 56",
        ),
        (
            {
                "sources": [(BesselModel, SETTINGS | {"duration": 0.008})],
                "augmentation": Augmentation(SIZE, onset=0.002),
            },
            ValueError,
            "hears 80 samples",
        ),
    ],
)
def test_what_it_refuses(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        circles(**changed)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_a_gpu() -> None:
    x, y = gathered(circles(device="cuda"), 0)
    assert x.is_cuda
    assert y.is_cuda
    assert equal((x.cpu(), y.cpu()), gathered(circles(), 0))
