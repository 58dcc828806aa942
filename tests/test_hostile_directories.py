"""Directories that a stranger made: nothing is written, removed or read outside of them."""

import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from interruptions import in_child, small_chunks
from kac_prediction.dataset import (
    DatasetError,
    exportDataset,
    generateDataset,
    loadDataset,
    transformDataset,
)
from kac_prediction.pipeline.datasets.install import download_dataset
from legacy_text import waves, write
from published import NAME, archive
from samplers_of_users import Click

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
SOUND = "shard_00000/sample_00000.wav"
JOURNAL, METADATA, ARRAY = ".journal.json", "metadata.json", "x.npy"

Plant = Callable[[Path, Path], object]
"""Puts something into a dataset's directory that reaches for another one's files."""


def generate(directory: Path) -> None:
    generateDataset(Click, SETTINGS, str(directory), 4, seed=1, shard_size=2)


def load(directory: Path) -> None:
    exportDataset(loadDataset(str(directory), verify=True), directory.with_name("export"))


def transform(directory: Path) -> None:
    transformDataset(loadDataset(str(directory)), {"normalise_input": False})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("finished") / "drums"
    generate(directory)
    return directory


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unfinished") / "drums"
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch, 2 * 80)
        in_child(lambda: generate(directory), "kill 22")
    assert (directory / ".generating/done.txt").stat().st_size > 0
    return directory


def journal(directory: Path, removed: tuple[str, ...] = (), *others: str) -> None:
    """Publish a commit of all that there is, with files to be removed and other files."""
    names = [ARRAY, SOUND, *others, METADATA]
    for name in names:
        (directory / ".staging" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(directory / name, directory / ".staging" / name)
    sizes = {name: (directory / name).stat().st_size for name in names}
    document = {"stage": ".staging", "sizes": sizes, "checksums": {}, "removed": list(removed)}
    content = json.dumps(document).encode()
    (directory / JOURNAL).write_bytes(b"%08x %s\n" % (zlib.crc32(content), content))


def move_behind_link(path: Path, outside: Path) -> None:
    """Leave a link to where a file or folder is now."""
    path.rename(outside / "moved")
    path.symlink_to(outside / "moved")


def staged_link(name: str) -> Plant:
    return lambda drums, outside: (journal(drums), move_behind_link(drums / name, outside))


def link(name: str) -> Plant:
    return lambda drums, outside: move_behind_link(drums / name, outside)


def link_to_mine(name: str) -> Plant:
    def plant(drums: Path, outside: Path) -> None:
        (drums / name).unlink(missing_ok=True)
        (drums / name).symlink_to(outside / "mine.txt")

    return plant


def hard_link_to_mine(name: str) -> Plant:
    def plant(drums: Path, outside: Path) -> None:
        (drums / name).unlink(missing_ok=True)
        (drums / name).hardlink_to(outside / "mine.txt")

    return plant


def pipe(name: str) -> Plant:
    def plant(drums: Path, _: Path) -> None:
        (drums / name).unlink(missing_ok=True)
        os.mkfifo(drums / name)

    return plant


def endless(name: str) -> Plant:
    return lambda drums, _: os.truncate(drums / name, 2**40)


OF_DATASETS: list[tuple[Plant, Callable[[Path], None]]] = [
    (lambda drums, _: journal(drums, (".notes.txt",)), load),
    (lambda drums, _: journal(drums, (METADATA,)), load),
    (lambda drums, _: journal(drums, ("shard_00001/sample_00002.wav",)), load),
    (lambda drums, _: journal(drums, (), ".notes.txt"), load),
    *((staged_link(name), load) for name in (".staging", ".staging/shard_00000")),
    *((staged_link(f".staging/{name}"), load) for name in (ARRAY, METADATA, SOUND)),
    *((staged_link(name), load) for name in ("shard_00000", METADATA, JOURNAL)),
    *((link(name), load) for name in (METADATA, ARRAY, SOUND, "shard_00000")),
    (link("shard_00000"), transform),
    *((link_to_mine(name), transform) for name in (f"{JOURNAL}.tmp", ".lock")),
    (hard_link_to_mine(f"{JOURNAL}.tmp"), transform),
    (lambda drums, outside: (drums / ".staging").symlink_to(outside), transform),
    (lambda drums, outside: (drums / ".lock").symlink_to(outside / "nothing"), transform),
    *((pipe(name), load) for name in (JOURNAL, METADATA, ARRAY, SOUND)),
    *((pipe(name), transform) for name in (".lock", f"{JOURNAL}.tmp", SOUND)),
    *((endless(name), load) for name in (METADATA, ARRAY, SOUND)),
]
OF_GENERATIONS: list[Plant] = [
    link(".generating"),
    lambda drums, outside: (
        (drums / ".generating/plan.json").write_text(""),
        link(".generating")(drums, outside),
    ),
    *(
        make(f".generating/{name}")
        for make in (link_to_mine, hard_link_to_mine, pipe)
        for name in (ARRAY, "done.txt", "shard_00001/sample_00003.wav", METADATA)
    ),
    link(".generating/shard_00000"),
    link(".generating/shard_00001"),
    link_to_mine(".generating/plan.json"),
    link_to_mine(f"{JOURNAL}.tmp"),
    pipe(".generating/plan.json"),
    lambda drums, outside: (drums / ".staging").symlink_to(outside),
    endless(".generating/plan.json"),
]


def check(source: Path, tmp_path: Path, plant: Plant, call: Callable[[Path], None]) -> None:
    """What was planted is refused, and nothing changes elsewhere."""
    drums, outside = tmp_path / "drums", tmp_path / "outside"
    shutil.copytree(source, drums)
    (drums / ".notes.txt").write_text("notes")
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    plant(drums, outside)
    before = {path: path.lstat() for path in sorted(outside.rglob("*"))}
    with pytest.raises(DatasetError, match=r"link|not a file|bytes|\.journal\.json (names|is dam)"):
        call(drums)
    assert {path: path.lstat() for path in sorted(outside.rglob("*"))} == before
    assert (outside / "mine.txt").read_text() == "mine"
    assert (drums / ".notes.txt").read_text() == "notes"
    assert call is generate or sum(1 for _ in drums.glob("shard_*/sample_*.wav")) == 4


@pytest.mark.parametrize(("plant", "call"), OF_DATASETS)
def test_a_dataset_stays_within_its_directory(
    finished: Path, tmp_path: Path, plant: Plant, call: Callable[[Path], None]
) -> None:
    check(finished, tmp_path, plant, call)


@pytest.mark.parametrize("plant", OF_GENERATIONS)
def test_a_generation_stays_within_its_directory(
    unfinished: Path, tmp_path: Path, plant: Plant
) -> None:
    check(unfinished, tmp_path, plant, generate)


@pytest.mark.parametrize("name", [".download", f".download/{NAME}", f".download/{NAME}/source"])
def test_an_installation_stays_within_its_directory(tmp_path: Path, name: str) -> None:
    source, drums, outside = archive(tmp_path / "source"), tmp_path / "drums", tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    (drums / name).parent.mkdir(parents=True)
    (drums / name).symlink_to(outside / "mine.txt" if name.endswith("source") else outside)
    with pytest.raises(DatasetError, match="is a symbolic link"):
        download_dataset(NAME, drums, source)
    assert [path.read_text() for path in outside.iterdir()] == ["mine"]


def test_a_sound_that_claims_to_be_beyond_the_memory(tmp_path: Path) -> None:
    write(tmp_path, waves(1))
    soundfile.write(tmp_path / "sound.flac", np.zeros(8), 800, "PCM_24")
    content = bytearray((tmp_path / "sound.flac").read_bytes())
    content[22:26] = b"\xff" * 4  # its number of samples
    (tmp_path / "sample_00000.wav").write_bytes(content)
    with pytest.raises(
        DatasetError, match=r"sample_00000\.wav is damaged: it has shape \([0-9]{10}"
    ):
        loadDataset(str(tmp_path), verify=True)
