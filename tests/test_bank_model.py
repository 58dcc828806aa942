"""Drums of a bank: against finite elements of the same shape, and against a larger bank."""

import math
from pathlib import Path

import numpy as np
import pytest

from kac_prediction.dataset import StreamingDataset
from kac_prediction.samplers import BankModel, FiniteElementModel, ModeBank

pytestmark = pytest.mark.slow

RATE = 8000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same 36 shapes with 20 and with 80 modes, and 6 rectangles and 6 ellipses."""
    folder = tmp_path_factory.mktemp("banks")
    for modes in (20, 80):
        ModeBank.make(folder / str(modes), 36, modes=modes, points=6, seed=5, workers=1)
    for name in ("rectangle", "ellipse"):
        ModeBank.make(folder / name, 6, modes=60, points=4, families={name: 1}, workers=1)
    return folder


@pytest.mark.parametrize("name", ["rectangle", "ellipse"])
def test_it_sounds_as_finite_elements(folder: Path, name: str) -> None:
    width, size = 0.04, 0.4
    bank = BankModel(
        0.3, RATE, folder / name, drum_size=size, strike_width=width, tail=False, decay_time=0.7
    )
    bank.seed(2)
    sounds, labels = bank.render(range(0, 15, 3))
    for sound, label in zip(sounds, labels, strict=True):
        (ratio,) = label["aspect_ratio"]
        settings = {"epsilon": ratio} if name == "rectangle" else {"major": ratio, "minor": 1.0}
        elements = FiniteElementModel(
            0.3,
            RATE,
            "UnitRectangle" if name == "rectangle" else "Ellipse",
            modes=60,
            drum_size=size,
            shape_settings=settings,
            strike_width=width,
            strike_location=label["strike_location"],
            sample_location=label["sample_location"],
            decay_time=0.7,
        )
        (same,) = elements.render([1])[0]
        assert np.abs(sound - same).max() < 0.02
        assert np.sqrt(np.mean((sound - same) ** 2)) < 0.03 * np.sqrt(np.mean(same**2))


def test_labels_and_what_strikes_on_one_drum_share(folder: Path) -> None:
    bank = ModeBank(folder / "80")
    drum = BankModel(
        0.05, RATE, bank.path, decay_time=(0.1, 10.0), drum_size=(0.2, 0.9), strike_width=(0, 0.1)
    )
    drum.seed(1)
    sounds, labels = drum.render(range(200))
    assert np.abs(sounds).max(axis=1) == pytest.approx(np.ones(200))
    names = {"family", "drum_size", "aspect_ratio", "outline", "decay_time"}
    for i, label in enumerate(labels):
        assert label.keys() == names | {"strike_location", "sample_location"}
        (size,) = label["drum_size"]
        assert 0.2 <= size < 0.9
        assert 0.1 <= label["decay_time"][0] < 10
        shape = np.flatnonzero((bank.outline == np.float32(label["outline"])).all(axis=1))
        assert bank.family[shape[0]] == label["family"][0]
        assert bank.aspect_ratio[shape[0]] == label["aspect_ratio"][0]
        strike, pick_up = (np.array(label[f"{name}_location"]) for name in ("strike", "sample"))
        assert np.hypot(*(strike - pick_up)) > 1e-3 * size
        points = size * bank.points[shape].astype(float)
        for point in (strike, pick_up):
            assert np.hypot(*np.moveaxis(points - point, -1, 0)).min() < 1e-6
        for name in names - {"decay_time"}:
            assert label[name] == labels[i // 5 * 5][name]
    decays = np.log10([label["decay_time"][0] for label in labels])
    assert np.histogram(decays, np.linspace(-1, 1, 5))[0].min() > 25  # of 50: log-uniform
    assert len({label["family"][0] for label in labels[::5]}) >= 5
    assert len({tuple(label["strike_location"]) for label in labels}) > 120


def high(sound: np.ndarray, low: float, top: float) -> float:
    """The energy between two frequencies."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 4 * len(sound))) ** 2
    bins = np.fft.rfftfreq(4 * len(sound), 1 / RATE)
    return float(spectrum[(bins > low) & (bins < top)].sum())


def test_the_tail_goes_on_as_the_drum_does(folder: Path) -> None:
    """20 modes and a tail, between modes 25 and 75, against 80 that were computed."""
    bank, ratios = ModeBank(folder / "80"), []
    drums = [
        BankModel(0.5, RATE, folder / modes, drum_size=0.5, strike_width=0.02, tail=tail)
        for modes, tail in (("20", True), ("80", False), ("20", False))
    ]
    for drum in drums:
        drum.seed(4)
    rendered = [drum.render(range(300)) for drum in drums]
    for k, label in enumerate(rendered[0][1]):
        assert label == rendered[1][1][k]
        shape = np.flatnonzero((bank.outline == np.float32(label["outline"])).all(axis=1))[0]
        known, first, last = (bank.frequencies[shape, mode] * 200 for mode in (18, 25, 75))
        ratios.append([high(s[0][k], first, last) / high(s[0][k], 0, known) for s in rendered])
    levels = 10 * np.log10(np.quantile(ratios, (0.1, 0.25, 0.5, 0.75, 0.9, 0.95), axis=0))
    tail, computed, cut = levels.T
    np.testing.assert_allclose(tail, computed, atol=2)
    assert (cut < computed - 40).all()


def test_modes_cut_it_off_within_the_bank_and_beyond(folder: Path) -> None:
    counts, energies = (5, 20, 40, 150, None), []
    for modes in counts:
        drum = BankModel(0.5, RATE, folder / "20", drum_size=0.6, modes=modes, strike_width=0.0)
        drum.seed(9)
        sounds = drum.render(range(40))[0]
        # Mode n lies at about 100 sqrt(n / pi) / 0.6 Hz, and a little above.
        energies.append(
            [np.median([high(s, e, 3999) for s in sounds]) for e in (400, 560, 1000, 1800)]
        )
    five, twenty, forty, many, all_ = np.array(energies)
    assert five[0] < twenty[0] / 30
    assert twenty[1] < forty[1] / 30
    assert forty[2] < many[2] / 30
    assert many[3] < all_[3] / 30
    untailed = BankModel(0.5, RATE, folder / "20", drum_size=0.6, tail=False, strike_width=0.0)
    untailed.seed(9)
    drum = BankModel(0.5, RATE, folder / "20", drum_size=0.6, modes=20, strike_width=0.0)
    drum.seed(9)
    assert np.array_equal(untailed.render(range(9))[0], drum.render(range(9))[0])
    ranged = BankModel(0.5, RATE, folder / "20", modes=(10, 1000))
    ranged.seed(9)
    reach = [high(s, 2000, 3999) / high(s, 0, 3999) for s in ranged.render(range(100))[0]]
    assert 0.2 < np.mean(np.array(reach) < 1e-6) < 0.95


@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_tail_is_a_sum_of_damped_partials(folder: Path, precision: str) -> None:
    """Its own frequencies and decay, from the difference that it makes."""
    drum = BankModel(
        0.5, RATE, folder / "20", drum_size=0.15, decay_time=1.0, precision=precision, modes=None
    )
    drum.seed(3)
    (sound,) = drum.render([2])[0]
    early, late = (
        np.abs(np.fft.rfft(part * np.hanning(1600))) for part in (sound[:1600], sound[2400:])
    )
    assert 20 * np.log10(np.median(late[400:]) / np.median(early[400:])) == pytest.approx(
        -18, abs=3
    )
    assert sound[0] == 0


def test_what_may_be_set(folder: Path) -> None:
    bank = ModeBank(folder / "80")
    drum = BankModel(0.1, RATE, bank.path, strike_width=0.0)
    told = BankModel(0.1, RATE, bank.path, strike_width=0.0, drum_size=0.37)
    for each in (drum, told):
        each.seed(1)
    sound, (label,) = told.render([3])
    drum.reseed(3)
    drum.updateProperties(3)
    drum.generateWaveform()
    unset = drum.waveform
    shape = np.flatnonzero((bank.outline == np.float32(drum.getLabels()["outline"])).all(axis=1))
    drum.drum_size = 0.37
    assert drum.drum_size == 0.37
    x, y = (0.37 * bank.points[shape[0], 2]).tolist()
    drum.strike_location = (x, y)
    assert drum.strike_location == pytest.approx((x, y))
    drum.generateWaveform()
    assert not np.array_equal(drum.waveform, unset)
    with pytest.raises(ValueError, match=r"strike_location must be one of the bank's points, got"):
        drum.strike_location = (0.0, 0.0123)
    with pytest.raises(ValueError, match="no partial below half the sample rate"):
        drum.drum_size = 0.001
    assert drum.drum_size == 0.37
    assert label["drum_size"] == [0.37]
    assert sound.shape == (1, 800)


def test_it_streams(folder: Path) -> None:
    settings = {"duration": 0.05, "sample_rate": RATE, "bank": str(folder / "80")}
    stream = StreamingDataset(BankModel, settings, seed=6, batch_size=64)
    x, labels = next(iter(stream))
    assert x.shape == (64, 400)
    assert labels["outline"].shape == (64, 64)
    drum = BankModel(**settings)
    drum.seed(6)
    for k, label in enumerate(drum.render(range(64))[1]):
        assert labels["decay_time"][k].tolist() == label["decay_time"]
        assert labels["family"][k].tolist() == label["family"]


def test_silence_and_a_loud_drum(folder: Path) -> None:
    for amplitude in (0.0, 0.3, 20.0):
        drum = BankModel(0.05, RATE, folder / "20", amplitude=amplitude)
        assert np.abs(drum.render([1])[0]).max() == pytest.approx(amplitude)


@pytest.mark.parametrize(
    ("wrong", "error", "named"),
    [
        ({"bank": "nowhere.bank"}, FileNotFoundError, "nowhere.bank"),
        ({"decay_time": 0.0}, ValueError, "decay_time must be above 0"),
        ({"decay_time": (2.0, 1.0)}, ValueError, "decay_time must be a pair"),
        ({"decay_time": math.inf}, ValueError, "decay_time must be a finite number or a pair"),
        ({"strike_width": -0.1}, ValueError, "strike_width must lie between 0 and"),
        ({"strike_width": (0.0, 0.2)}, ValueError, "strike_width must lie .* 0.1 m, got"),
        ({"modes": 0}, ValueError, "modes must be at least 1"),
        ({"modes": (5, 7.5)}, ValueError, "modes must be a whole number"),
        ({"tail": 1}, TypeError, "tail must be True or False"),
        ({"drum_size": 0.001, "strike_width": 0}, ValueError, "no partial below half the sample"),
    ],
)
def test_bad_settings_are_named(
    folder: Path, wrong: dict[str, object], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        BankModel(**{"duration": 0.1, "sample_rate": RATE, "bank": folder / "20"} | wrong)
