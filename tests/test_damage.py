"""Files cut short at any length and with flipped bits: refused by name, or made again."""

import random
import shutil
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from interruptions import in_child, small_chunks, visible
from kac_prediction.dataset import (
    DatasetError,
    generateDataset,
    loadDataset,
    transformDataset,
)
from samplers_of_users import Click

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
FILES = ["metadata.json", "x.npy", "shard_00001/sample_00002.wav"]
Digest = Callable[[Path], dict[str, str]]


@pytest.fixture
def drums(tmp_path: Path) -> Path:
    generateDataset(Click, SETTINGS, str(tmp_path / "drums"), 4, MEL, seed=1, shard_size=2)
    return tmp_path / "drums"


def cut_short(content: bytes) -> Iterator[bytes]:
    """At every third length, but for a text that lacks the end of its last line alone."""
    last = len(content) - content.endswith(b"\n") - 1
    return (content[:length] for length in (0, *range(last, 0, -3)))


def flipped(content: bytes) -> Iterator[bytes]:
    """With one bit flipped, now here, now there, and with more of them."""
    numbers = random.Random(2)
    for flips in [1] * 100 + [2, 5, 20] * 7:
        damaged = bytearray(content)
        for _ in range(flips):
            damaged[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
        if damaged != content:
            yield bytes(damaged)


@pytest.mark.parametrize("damage", [cut_short, flipped])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(drums: Path, digest: Digest, name: str, damage: Any) -> None:
    before, content = digest(drums), (drums / name).read_bytes()
    for damaged in damage(content):
        (drums / name).write_bytes(damaged)
        with pytest.raises(DatasetError, match=Path(name).name):
            loadDataset(str(drums), verify=True)
        # Without the checksums less can be seen, but nothing else goes wrong.
        seen = name == "metadata.json" or (len(damaged) < len(content) and name == "x.npy")
        with pytest.raises(DatasetError, match=name) if seen else suppress(DatasetError):
            loadDataset(str(drums))
    (drums / name).write_bytes(content)
    assert digest(drums) == before
    loadDataset(str(drums), verify=True)


@pytest.mark.parametrize("name", FILES)
def test_damage_takes_no_memory(drums: Path, name: str) -> None:
    content = (drums / name).read_bytes()
    tracemalloc.start()
    for damage in (cut_short, flipped):
        for damaged in islice(damage(content), 0, None, 8):
            (drums / name).write_bytes(damaged)
            with suppress(DatasetError):
                loadDataset(str(drums))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(drums: Path, name: str) -> None:
    (drums / name).unlink()
    with pytest.raises((DatasetError, FileNotFoundError), match=Path(name).name):
        loadDataset(str(drums), verify=True)


@pytest.mark.parametrize("damage", [cut_short, flipped])
def test_no_representation_is_made_of_a_damaged_sound(drums: Path, damage: Any) -> None:
    sound = drums / FILES[2]
    dataset, old = loadDataset(str(drums)), visible(drums)
    for damaged in [*damage(sound.read_bytes())][::4]:
        sound.write_bytes(damaged)
        with pytest.raises(DatasetError, match=sound.name):
            transformDataset(dataset, {})
    sound.write_bytes(old[FILES[2]])
    assert visible(drums) == old


@pytest.mark.parametrize("damage", [cut_short, flipped])
@pytest.mark.parametrize("name", ["plan.json", "done.txt", "x.npy", "shard_00001/sample_00003.wav"])
def test_what_is_damaged_of_an_unfinished_dataset_is_made_again(
    drums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: Any
) -> None:
    small_chunks(monkeypatch, 2 * 80)
    kept, place = tmp_path / "kept", tmp_path / "place"

    def generate(directory: Path) -> None:
        generateDataset(Click, SETTINGS, str(directory), 4, MEL, seed=1, shard_size=2)

    in_child(lambda: generate(kept), "kill 36")
    assert (kept / ".generating" / name).exists()
    content = (kept / ".generating" / name).read_bytes()
    for damaged in [*damage(content)][:: 1 + len(content) // 80]:
        shutil.copytree(kept, place)
        (place / ".generating" / name).write_bytes(damaged)
        generate(place)
        assert visible(place) == visible(drums)
        shutil.rmtree(place)


def test_a_damaged_journal_is_named(drums: Path, tmp_path: Path) -> None:
    dataset, path = loadDataset(str(drums)), drums / ".journal.json"
    in_child(lambda: transformDataset(dataset, {}), f"after {path}")
    content = path.read_bytes()
    for damaged in [*cut_short(content), *flipped(content)]:
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"\.journal\.json is damaged"):
            loadDataset(str(drums))
    path.write_bytes(content)
    assert loadDataset(str(drums)).representation_settings["output_type"] == "end2end"


def test_a_journal_cannot_reach_other_files(drums: Path) -> None:
    outside = drums.parent / "mine.txt"
    outside.write_text("mine")
    for entry in (
        '"sizes": {"../mine.txt": 4}, "removed": []',
        '"sizes": {}, "removed": ["../mine.txt"]',
    ):
        text = f'{{"stage": ".staging", "checksums": {{}}, {entry}}}'
        sealed = f"{zlib.crc32(text.encode()):08x} {text}\n"
        (drums / ".journal.json").write_text(sealed)
        with pytest.raises(DatasetError, match="damaged"):
            loadDataset(str(drums))
    assert outside.read_text() == "mine"


def test_what_was_changed_on_purpose_can_be_signed(drums: Path) -> None:
    path = drums / "metadata.json"
    path.write_text(path.read_text().replace('"loudest": 0.9', '"loudest": 0.8'))
    with pytest.raises(DatasetError, match=r"write (\d+) there") as error:
        loadDataset(str(drums))
    checksum = str(error.value).split("write ")[1].split()[0]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], f'"checksum": {checksum}}}']) + "\n")
    assert loadDataset(str(drums)).sampler_settings["loudest"] == 0.8
