"""Banks of modes: against shapes of closed form, and whatever interrupts or damages them."""

import errno
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from kac_prediction.geometry import Ellipse, UnitRectangle
from kac_prediction.physics import circularSeries, modes
from kac_prediction.samplers import ModeBank
from kac_prediction.samplers.bank_shapes import draw_shape
from waiting import wait_until

pytestmark = pytest.mark.slow

HEADER = 4096
EQUAL = dict.fromkeys(ModeBank.families, 1.0)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> ModeBank:
    path = tmp_path_factory.mktemp("bank") / "drums.bank"
    return ModeBank.make(path, 36, modes=60, families=EQUAL, seed=7, workers=1)


def of(bank: ModeBank, name: str) -> np.ndarray:
    """The shapes of one family."""
    found = np.flatnonzero(bank.family == ModeBank.families.index(name))
    assert len(found) >= 2
    return found


def test_what_a_bank_holds(bank: ModeBank) -> None:
    assert len(bank) == 36
    assert ModeBank.families == ("circle", "ellipse", "rectangle", "triangle", "polygon", "star")
    assert bank.settings["seed"] == 7
    shapes = {
        "family": (36,),
        "aspect_ratio": (36,),
        "perimeter": (36,),
        "outline": (36, 64),
        "points": (36, 16, 2),
        "depths": (36, 16),
        "frequencies": (36, 60),
        "eigenfunctions": (36, 16, 60),
    }
    for name, shape in shapes.items():
        array = getattr(bank, name)
        assert array.shape == shape
        assert array.dtype == (np.int32 if name == "family" else np.float32)
        assert np.isfinite(array).all()
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert bank.path.stat().st_size == HEADER + 36 * 4 * (4 + 64 + 32 + 16 + 60 + 16 * 60)


def test_outlines_points_and_ratios(bank: ModeBank) -> None:
    radii, angles = np.exp(bank.outline.astype(float)), 2 * np.pi * np.arange(64) / 64
    areas = math.pi * (radii**2).mean(axis=1)
    assert np.abs(areas - 1).max() < 0.2
    assert np.median(np.abs(areas - 1)) < 0.02
    smooth = np.isin(bank.family, [0, 1])
    np.testing.assert_allclose(areas[smooth], 1, rtol=1e-4)
    corners = radii[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    round_trip = np.hypot(*(np.roll(corners, -1, axis=1) - corners).T).sum(axis=0)
    # Chords cut off corners, of a star its tips: they are shorter than the boundary, not by much.
    shares = round_trip / bank.perimeter
    assert (shares > 0.75).all()
    assert (shares < 1 + 1e-6).all()
    assert np.median(shares) > 0.95
    assert (bank.depths > 0).all()
    # Every point lies inside: within the outline, between the radii on either side of it.
    x, y = np.moveaxis(bank.points, -1, 0)
    beside = np.stack([np.floor, np.ceil])
    direction = np.arctan2(y, x) % (2 * np.pi) * 64 / (2 * np.pi)
    near = [each(direction).astype(int) % 64 for each in beside]
    reach = np.max([np.take_along_axis(radii, each, axis=1) for each in near], axis=0)
    assert (np.hypot(x, y) <= reach * 1.1).all()
    for name, least, most in (
        ("circle", 1, 1),
        ("triangle", 1, 1),
        ("ellipse", 1.15, 4),
        ("rectangle", 1, 4),
        ("polygon", 1, 20),
        ("star", 1, 20),
    ):
        ratios = bank.aspect_ratio[of(bank, name)]
        assert (ratios >= least).all()
        assert (ratios <= most).all()


def test_points_are_uniform_over_the_area(tmp_path: Path) -> None:
    drums = ModeBank.make(tmp_path / "b", 2, modes=20, points=3000, families={"star": 1}, workers=1)
    # The centroid is at the origin, the radii say the second moment, and modes are orthonormal.
    assert np.abs(drums.points.mean(axis=1)).max() < 0.03
    moment = math.pi / 2 * np.exp(4 * drums.outline.astype(float)).mean(axis=1)
    np.testing.assert_allclose((drums.points**2).sum(axis=2).mean(axis=1), moment, rtol=0.15)
    for values in drums.eigenfunctions:
        np.testing.assert_allclose(values.T @ values / len(values), np.eye(20), atol=0.15)


def test_stars_have_dents() -> None:
    rng = np.random.default_rng(5)
    stars = [draw_shape("star", rng)[0] for _ in range(40)]
    solidities = [1 / ConvexHull(star.outline()).volume for star in stars]  # of unit area
    assert max(solidities) <= 0.9
    assert max(solidities) > 0.88


def test_frequencies_of_closed_form(bank: ModeBank) -> None:
    zeros = circularSeries(20, 40)
    exact = np.sort(np.concatenate([zeros.ravel(), zeros[1:].ravel()]))[:60] / 2
    for shape in of(bank, "circle"):
        np.testing.assert_allclose(bank.frequencies[shape], exact, rtol=5e-4)
    m = np.arange(1, 60)
    for shape in of(bank, "rectangle"):
        ratio = float(bank.aspect_ratio[shape])
        series = np.sqrt(m[:, None] ** 2 / ratio + ratio * m**2) / 2
        np.testing.assert_allclose(bank.frequencies[shape], np.sort(series.ravel())[:60], rtol=5e-4)


@pytest.mark.parametrize("name", ["ellipse", "rectangle"])
def test_they_are_the_modes_of_physics(bank: ModeBank, name: str) -> None:
    for k in of(bank, name):
        ratio = float(bank.aspect_ratio[k])
        shape = UnitRectangle(ratio) if name == "rectangle" else Ellipse(ratio, 1.0)
        shape.area, shape.centroid = 1.0, (0.0, 0.0)
        assert bank.perimeter[k] == pytest.approx(shape.perimeter, rel=1e-6)
        np.testing.assert_allclose(bank.depths[k], shape.depth(bank.points[k]), atol=1e-6)
        found = modes(shape, 60)
        np.testing.assert_allclose(bank.frequencies[k], found.frequencies(1.0, 1.0), rtol=1e-4)
        gaps = np.diff(found.eigenvalues) / found.eigenvalues[1:]
        apart = np.flatnonzero(np.minimum(gaps[1:], gaps[:-1]) > 1e-3) + 1
        away = np.abs(bank.eigenfunctions[k] - found(bank.points[k]))[:, apart]
        assert away[:, apart < 20].max() < 1e-3
        assert np.sqrt(np.mean(away**2)) < 0.01  # of a mesh that moves in the seventh digit


def test_weyls_law_counts_them(bank: ModeBank) -> None:
    wavenumbers = 2 * np.pi * bank.frequencies.astype(float)
    count = wavenumbers * (wavenumbers - bank.perimeter[:, None]) / (4 * np.pi)
    away = np.arange(60) + 0.5 - count
    assert np.abs(away[:, 30:].mean(axis=1)).max() < 1.5
    assert abs(away.mean()) < 0.5


def test_a_seed_makes_one_file(bank: ModeBank, tmp_path: Path) -> None:
    few: Any = {"shapes": 12, "modes": 20, "families": EQUAL, "seed": 7}
    one, same = (
        ModeBank.make(tmp_path / str(workers), **few, workers=workers) for workers in (1, 2)
    )
    assert one.path.read_bytes() == same.path.read_bytes()  # by two processes
    assert ModeBank.make(same.path, **few).path == same.path
    assert sorted(tmp_path.iterdir()) == [one.path, same.path]
    # Shape i is that of (seed, i), of however many, and of however many modes.
    other = ModeBank.make(tmp_path / "other", 3, modes=5, families=EQUAL, seed=7, workers=1)
    for name in ("family", "aspect_ratio", "outline", "points"):
        assert np.array_equal(getattr(other, name), getattr(bank, name)[:3])
    fresh = ModeBank.make(tmp_path / "fresh", 3, modes=5, families=EQUAL, seed=8, workers=1)
    assert not np.array_equal(fresh.points, other.points)


# Whoever changes what is drawn makes other banks of the same seed: a new version of the format.
def test_what_a_seed_draws_stays(bank: ModeBank) -> None:
    assert bank.family[:8].tolist() == FAMILIES
    np.testing.assert_allclose(bank.aspect_ratio[:8], RATIOS, rtol=1e-5)


FAMILIES = [2, 0, 2, 1, 2, 2, 4, 2]
RATIOS = [2.2784376, 1.0, 3.6652544, 1.5314127, 1.0385811, 3.8748751, 2.6991696, 2.1988523]


def spoilt(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda whole: spoilt(whole, HEADER + 5 * 4544 + 100), r"record 5 is .* \(1 of"),
        (lambda whole: spoilt(whole, HEADER + 5 * 4544), "record 5 is "),
        (lambda whole: whole[: HEADER + 4544] + bytes(35 * 4544), r"record 1 is .* \(35 of"),
        (lambda whole: whole[:-1], "has 167679 bytes of 167680"),
        (lambda whole: whole + b"\0", "has 167681 bytes of 167680"),
        (lambda whole: spoilt(whole, 30), "not a bank of modes, or its header is damaged"),
        (lambda _: b"something else", "not a bank of modes"),
        (lambda _: b"", "not a bank of modes"),
    ],
)
def test_damage_is_named(
    bank: ModeBank, tmp_path: Path, damage: Callable[[bytes], bytes], named: str
) -> None:
    path = tmp_path / "drums.bank"
    path.write_bytes(damage(bank.path.read_bytes()))
    with pytest.raises(ValueError, match=rf"drums\.bank.*{named}"):
        ModeBank(path)


SMALL = {"shapes": 24, "modes": 60, "points": 4, "seed": 1}
# Shapes from a number on are only made once there is a file "go on" beside the bank.
PROGRAM = f"""
import sys, time
from pathlib import Path
from kac_prediction.samplers import ModeBank, mode_bank

path, workers, held = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
made = mode_bank._make_records

def make_records(settings, indices):
    while indices[-1] >= held and not path.with_name("go on").exists():
        time.sleep(0.01)
    return made(settings, indices)

mode_bank._make_records = make_records
ModeBank.make(path, **{SMALL}, workers=workers)
"""


def records(path: Path) -> bytes:
    """What a bank holds, also an unfinished one."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    return unfinished.read_bytes()[HEADER:] if unfinished.exists() else b""


def begin(path: Path, workers: int, held: int) -> "subprocess.Popen[str]":
    """Go on making a bank, up to a number of shapes, and wait until one is made."""
    before = records(path).strip(b"\0")
    command = [sys.executable, "-c", PROGRAM, str(path), str(workers), str(held)]
    # Not to a pipe: workers hold it open for as long as they outlive their killed parent.
    with path.with_name("said").open("w") as said:
        process = subprocess.Popen(command, stderr=said, text=True, start_new_session=True)
    wait_until(lambda: process.poll() is not None or records(path).strip(b"\0") != before)
    return process


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a bank of the program holds that nothing interrupts."""
    path = tmp_path_factory.mktemp("whole") / "drums.bank"
    return ModeBank.make(path, **SMALL, workers=1).path.read_bytes()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bank_that_was_killed_goes_on(tmp_path: Path, whole: bytes, workers: int) -> None:
    path, unfinished = tmp_path / "drums.bank", tmp_path / "drums.bank.unfinished"
    for kind, held in ((signal.SIGKILL, 4), (signal.SIGINT, 8)):
        process = begin(path, workers, held)
        process.send_signal(kind)
        assert process.wait() == -kind
        with suppress(ProcessLookupError):  # idle workers, for minutes
            os.killpg(process.pid, signal.SIGTERM)
    said = (tmp_path / "said").read_text()
    assert f"What was made is kept in {unfinished}: call ModeBank.make again" in said
    with pytest.raises(FileNotFoundError, match=r"drums.bank is unfinished: call ModeBank.make"):
        ModeBank(path)
    made = unfinished.read_bytes()
    assert any(made[HEADER:])
    with pytest.raises(ValueError, match=r"unfinished holds a bank of seed 1, and seed 2"):
        ModeBank.make(path, **SMALL | {"seed": 2})
    # A record that a failure of power left half written is made anew.
    unfinished.write_bytes(made[: HEADER + 100] + bytes(200) + made[HEADER + 300 :])
    again = ModeBank.make(path, **SMALL, workers=3 - workers)
    assert again.path.read_bytes() == whole
    assert not unfinished.exists()


def test_two_do_not_make_one_bank(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "drums.bank"
    process = begin(path, 1, 4)
    with pytest.raises(BlockingIOError, match=r"another process is making .*drums.bank"):
        ModeBank.make(path, **SMALL, workers=1)
    path.with_name("go on").touch()
    assert process.wait() == 0
    assert path.read_bytes() == whole


def test_what_is_there_stays(bank: ModeBank, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a bank of shapes 36, and shapes 37 was asked"):
        ModeBank.make(bank.path, 37, modes=60, families=EQUAL, seed=7)
    with pytest.raises(ValueError, match=r"holds a bank of families .*'star': 1.0"):
        ModeBank.make(bank.path, 36, modes=60, seed=7)
    diary = tmp_path / "diary"
    diary.write_text("dear diary")
    with pytest.raises(ValueError, match="diary is not a bank of modes"):
        ModeBank.make(diary, 1)
    (tmp_path / "new.unfinished").write_text("dear diary")
    with pytest.raises(ValueError, match=r"new\.unfinished holds no bank of modes"):
        ModeBank.make(tmp_path / "new", 1)
    assert diary.read_text() == (tmp_path / "new.unfinished").read_text() == "dear diary"


def test_a_full_disk_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left") as caught:
        ModeBank.make(tmp_path / "drums.bank", 2, modes=5)
    assert "to go on; or delete that file" in caught.value.__notes__[0]
    monkeypatch.undo()
    assert len(ModeBank.make(tmp_path / "drums.bank", 2, modes=5, workers=1)) == 2
    with pytest.raises(FileNotFoundError, match=r"nowhere/drums.bank"):
        ModeBank.make(tmp_path / "nowhere" / "drums.bank", 2)
    with pytest.raises(FileNotFoundError, match=r"nowhere/drums.bank"):
        ModeBank(tmp_path / "nowhere" / "drums.bank")


@pytest.mark.parametrize(
    ("wrong", "error", "named"),
    [
        ({"shapes": 0}, ValueError, "shapes must be at least 1"),
        ({"modes": 1.5}, TypeError, "modes must be a whole number"),
        ({"points": 1}, ValueError, "points must be at least 2"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"workers": 0}, ValueError, "workers must be at least 1"),
        ({"families": ["circle"]}, TypeError, "families must be a dictionary"),
        ({"families": {"cirle": 1}}, ValueError, "did you mean circle"),
        ({"families": {"circle": -1}}, ValueError, "the share of circle must be at least 0"),
        ({"families": {"circle": 0}}, ValueError, "families must have a share above 0"),
    ],
)
def test_bad_arguments_are_named(
    tmp_path: Path, wrong: dict[str, object], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        ModeBank.make(tmp_path / "drums.bank", **{"shapes": 2} | wrong)
    assert not [*tmp_path.iterdir()]
