"""What is exported is read back by other software: json, tarfile, GNU tar, soundfile, datasets."""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fsspec.implementations.local import LocalFileSystem

from interruptions import on_reading
from kac_prediction.dataset import (
    DatasetError,
    InputRepresentation,
    TorchDataset,
    exportDataset,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from kac_prediction.dataset.behaviour import Behaviour
from legacy_text import waves, write
from samplers_of_users import Click

Digest = Callable[[Path], dict[str, str]]
Rows = list[dict[str, Any]]

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
LAYOUTS = ("audiofolder", "webdataset")
both = pytest.mark.parametrize("layout", LAYOUTS)


class Ragged(Click):
    """A click whose labels are of every kind: numbers, lists, lists of any length, or lacking."""

    def updateProperties(self, i: int | None) -> None:
        super().updateProperties(i)
        self.i = i or 0

    def getLabels(self) -> dict[str, list[float | int]]:
        labels: dict[str, list[float | int]] = {"level": [self.level], "many": [1] * (self.i + 1)}
        return labels | ({"rare": [self.i]} if self.i % 2 else {})


class Clashing(Click):
    def getLabels(self) -> dict[str, list[float | int]]:
        return {"index": [self.pitch]}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 12 samples in folders of 5, which no test changes on the disk."""
    path = tmp_path_factory.mktemp("dataset")
    generateDataset(Click, SETTINGS, str(path), 12, seed=3, shard_size=5)
    return path


@pytest.fixture
def whole(path: Path) -> TorchDataset:
    return loadDataset(str(path))


def sound(path: Path, i: int) -> bytes:
    return next(path.rglob(f"sample_{i:05d}.wav")).read_bytes()


def names(directory: Path) -> list[str]:
    """The names of the files in a directory."""
    return sorted(entry.name for entry in directory.iterdir())


def read_folder(target: Path) -> Rows:
    """The rows of an audiofolder, the bytes of each file in the place of its name."""
    rows = [json.loads(line) for line in (target / "metadata.jsonl").read_text().splitlines()]
    named = [row.pop("file_name") for row in rows]
    assert (
        sorted(named) == named == sorted(str(p.relative_to(target)) for p in target.rglob("*.wav"))
    )
    return [
        row | {"wav": (target / name).read_bytes()} for name, row in zip(named, rows, strict=True)
    ]


def read_tars(target: Path) -> Rows:
    """The rows of a WebDataset, read as its readers do: members that follow with one key."""
    rows: Rows = []
    seen = []
    for path in sorted(target.glob("*.tar")):
        with tarfile.open(path) as tar:
            members = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
        seen += list(members)
        for first, second in zip(list(members)[::2], list(members)[1::2], strict=True):
            assert (first, second) == (f"{first[:-5]}.json", f"{first[:-5]}.wav")
            rows.append(json.loads(members[first]) | {"wav": members[second]})
    assert seen == sorted(set(seen))
    return rows


def read(target: Path, layout: str) -> Rows:
    rows = read_folder(target) if layout == "audiofolder" else read_tars(target)
    assert not list(target.parent.glob(".*.exporting"))
    return rows


def expected(path: Path, rows: list[int]) -> Rows:
    """The rows that an export of these samples of a dataset of clicks has."""
    found = loadDataset(str(path))
    return [
        {
            "index": i,
            "group": int(found.groups[i]),
            "level": float(found.Y[i]["level"]),
            "pitch": found.Y[i]["pitch"].tolist(),
            "wav": sound(path, i),
        }
        for i in rows
    ]


@both
def test_all_samples_are_there_byte_for_byte(
    whole: TorchDataset, path: Path, tmp_path: Path, layout: Any
) -> None:
    exportDataset(whole, tmp_path / "a" / "out", layout)
    rows = read(tmp_path / "a" / "out", layout)
    assert rows == expected(path, list(range(12)))
    assert all(type(row["index"]) is int and type(row["level"]) is float for row in rows)
    for i, row in enumerate(rows):
        wave, rate = soundfile.read(io.BytesIO(row["wav"]))
        assert rate == 8000
        assert np.array_equal(InputRepresentation.normalise(wave), whole.X[i].numpy())
    assert names(tmp_path / "a") == ["out"]


@both
def test_in_shards(whole: TorchDataset, path: Path, tmp_path: Path, layout: Any) -> None:
    out = tmp_path / "out"
    out.mkdir()
    exportDataset(whole, str(out), layout, shard_size=5, prefix="clicks")
    assert read(out, layout) == expected(path, list(range(12)))
    end = "" if layout == "audiofolder" else ".tar"
    shards = set(names(out)) - {"README.md", "metadata.jsonl"}
    assert shards == {f"clicks-00000{i}{end}" for i in range(3)}


def test_a_folder_or_tar_holds_so_much_by_default(
    whole: TorchDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kac_prediction.dataset.export._FILES_A_FOLDER", 7)
    monkeypatch.setattr("kac_prediction.dataset.export._BYTES_A_TAR", 4 * 1244 + 1)
    exportDataset(whole, tmp_path / "a")
    exportDataset(whole, tmp_path / "w", "webdataset")
    assert len(list((tmp_path / "a").glob("drums-*"))) == 2
    assert len(list((tmp_path / "w").glob("drums-*.tar"))) == 3


def test_tars_hold_nothing_that_varies(whole: TorchDataset, tmp_path: Path) -> None:
    exportDataset(whole, tmp_path / "out", "webdataset")
    with tarfile.open(tmp_path / "out" / "drums-000000.tar") as tar:
        for member in tar:
            assert member.isreg()
            owner = (member.uid, member.gid, member.uname, member.gname)
            assert owner == (0, 0, "", "")
            assert (member.mtime, member.mode, member.pax_headers) == (0, 0o644, {})
            assert member.name.count(".") == 1


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar")
def test_tar_reads_them(whole: TorchDataset, path: Path, tmp_path: Path) -> None:
    exportDataset(whole, tmp_path / "out", "webdataset")
    tar = str(tmp_path / "out" / "drums-000000.tar")
    listed = subprocess.run(["tar", "tf", tar], check=True, capture_output=True, text=True).stdout
    assert listed.split() == [f"drums_{i:05d}.{end}" for i in range(12) for end in ("json", "wav")]
    subprocess.run(["tar", "xf", tar, "-C", str(tmp_path)], check=True)
    assert all((tmp_path / f"drums_{i:05d}.wav").read_bytes() == sound(path, i) for i in range(12))


def test_tars_of_other_prefixes_share_no_key(whole: TorchDataset, tmp_path: Path) -> None:
    keys: list[str] = []
    for prefix, part in {"a": whole[:8], "a_0": whole[8:], "train": whole}.items():
        exportDataset(part, tmp_path / prefix, "webdataset", shard_size=5, prefix=prefix)
        for path in (tmp_path / prefix).glob("*.tar"):
            with tarfile.open(path) as tar:
                keys += [name[:-4] for name in tar.getnames() if name.endswith(".wav")]
    assert len(set(keys)) == len(keys) == 24


KEYWORDS = ["train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval"]
KEYWORDS += ["evaluation"]


@pytest.mark.parametrize(
    "prefix", [*KEYWORDS, "my-train", "2val", "dev7", "a_eval_b", "drums", "trainer", "a_retest"]
)
def test_no_folder_is_taken_for_a_split(whole: TorchDataset, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "in" / f"{prefix}-000000").mkdir(parents=True)
    (tmp_path / "in" / f"{prefix}-000000" / "a.wav").touch()
    # As Hugging Face documents it: a keyword between separators, in the name of a folder.
    patterns = ("{}/**", "{}[-._ 0-9]*/**", "*[-._ 0-9]{}/**", "*[-._ 0-9]{}[-._ 0-9]*/**")
    taken = [
        keyword
        for keyword in KEYWORDS
        for pattern in patterns
        if LocalFileSystem().glob(f"{tmp_path}/in/**/{pattern.format(keyword)}")
    ]
    if not taken:
        exportDataset(whole[:1], tmp_path / "out", prefix=prefix)
        return
    with pytest.raises(ValueError, match=f"split '{taken[0]}'.*name export_dir '{taken[0]}'"):
        exportDataset(whole, tmp_path / "out", prefix=prefix)


@both
def test_the_same_dataset_gives_the_same_bytes(
    whole: TorchDataset, path: Path, tmp_path: Path, layout: Any, digest: Digest
) -> None:
    other = tmp_path / "other"
    generateDataset(Click, SETTINGS, str(other), 12, seed=3)
    exportDataset(whole, tmp_path / "a", layout)
    exportDataset(loadDataset(str(other)), tmp_path / "b", layout)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@both
def test_a_part_is_exported_in_its_order(
    whole: TorchDataset, path: Path, tmp_path: Path, layout: Any
) -> None:
    views = {
        "slice": (whole[8:2:-2], [8, 6, 4]),
        "subset": (whole.subset([7, 1, 1, -1]), [7, 1, 1, 11]),
        "both": (whole[1::2].subset([4, 0]), [9, 1]),
    }
    for name, (view, rows) in views.items():
        exportDataset(view, tmp_path / name, layout)
        assert read(tmp_path / name, layout) == expected(path, rows)


@both
def test_what_is_on_the_disk_is_exported(
    whole: TorchDataset, path: Path, tmp_path: Path, layout: Any
) -> None:
    part = whole[3:6]
    part.X = part.X[:, :10] * 2
    part.Y = [{} for _ in range(3)]
    exportDataset(part, tmp_path / "out", layout)
    assert read(tmp_path / "out", layout) == expected(path, [3, 4, 5])


@both
def test_ragged_and_missing_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Any
) -> None:
    # Datasets from before samples that lack a label were refused.
    monkeypatch.setattr(Behaviour, "checked", lambda self, *_: self)
    dataset = generateDataset(Ragged, SETTINGS, str(tmp_path / "in"), 4, seed=1)
    exportDataset(dataset, tmp_path / "out", layout)
    rows = read(tmp_path / "out", layout)
    assert [row["many"] for row in rows] == [[1.0] * (i + 1) for i in range(4)]
    assert [row["rare"] for row in rows] == [None, 1.0, None, 3.0]
    assert all(list(row)[:5] == ["index", "group", "level", "many", "rare"] for row in rows)
    # A column is of one kind whatever part of the dataset is exported.
    exportDataset(dataset[:1], tmp_path / "first", layout)
    assert read(tmp_path / "first", layout) == rows[:1]


@both
def test_the_card_says_what_made_them(whole: TorchDataset, tmp_path: Path, layout: Any) -> None:
    exportDataset(whole[:2], tmp_path / "out", layout)
    head, card = (tmp_path / "out" / "README.md").read_text().split("---\n")[1:]
    assert head == "license: unknown\ntags:\n- audio\n"
    facts = json.loads(card.split("```")[1].removeprefix("json"))
    assert facts["sampler"] == whole.sampler
    assert facts["sampler_settings"] == whole.sampler_settings
    assert (facts["seed"], facts["dataset_size"], facts["exported"]) == (3, 12, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"layout": "zip"}, ValueError, "audiofolder, webdataset, got 'zip'"),
        ({"prefix": "../x"}, ValueError, "prefix"),
        ({"prefix": ""}, ValueError, "prefix"),
        ({"prefix": "a" * 65}, ValueError, "prefix must consist of up to 64"),
        ({"prefix": None}, ValueError, "prefix"),
        ({"shard_size": 0}, ValueError, "at least 1"),
        ({"shard_size": 2.0}, TypeError, "whole number"),
        ({"shard_size": True}, TypeError, "whole number"),
    ],
)
def test_arguments_that_mean_nothing(
    whole: TorchDataset, tmp_path: Path, arguments: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        exportDataset(whole, tmp_path / "out", **arguments)
    assert not names(tmp_path)


@both
def test_a_place_that_is_taken(
    whole: TorchDataset, path: Path, tmp_path: Path, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for taken in ("full", "full/mine.txt"):
        with pytest.raises(FileExistsError, match="is not empty"):
            exportDataset(whole, tmp_path / taken, layout)
    for inside in (path, path / "out"):
        with pytest.raises(ValueError, match="in the dataset itself"):
            exportDataset(whole, inside, layout)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(ValueError, match="in use"):
        exportDataset(whole, ".", layout)
    assert {p.name for p in tmp_path.rglob("*")} == {"full", "mine.txt", "here"}


@pytest.mark.parametrize("link", [".out.exporting", ".out.exporting/files"])
def test_links_in_the_place_of_hidden_folders(
    whole: TorchDataset, tmp_path: Path, link: str
) -> None:
    mine = tmp_path / "mine"
    (mine / "files").mkdir(parents=True)
    (mine / "README.md").write_text("mine")
    (mine / "files" / "README.md").write_text("mine")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(mine)
    with pytest.raises(DatasetError, match=rf"{link} is a symbolic link"):
        exportDataset(whole, tmp_path / "out")
    assert [path.read_text() for path in mine.rglob("*.*")] == ["mine", "mine"]


def test_a_dataset_without_a_directory(whole: TorchDataset, tmp_path: Path) -> None:
    settings: Any = {"output_type": "end2end"}
    made = TorchDataset("nowhere", settings, whole.sampler, {}, whole.X, whole.Y)
    with pytest.raises(ValueError, match="is in no directory"):
        exportDataset(made, tmp_path / "out")
    with pytest.raises(ValueError, match="no samples"):
        exportDataset(whole[:0], tmp_path / "out")
    whole.X = whole.X[:3]
    with pytest.raises(ValueError, match="3 samples were assigned to X where 12"):
        exportDataset(whole, tmp_path / "out")
    assert not names(tmp_path)


def test_a_label_with_the_name_of_a_column(tmp_path: Path) -> None:
    dataset = generateDataset(Clashing, SETTINGS, str(tmp_path / "in"), 2)
    with pytest.raises(ValueError, match="'index' has the name of a column"):
        exportDataset(dataset, tmp_path / "out")


@both
def test_a_dataset_that_has_changed(
    tmp_path: Path, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = str(tmp_path / "in")
    generateDataset(Click, SETTINGS, directory, 4, seed=1)
    old, new = loadDataset(directory), loadDataset(directory)
    transformDataset(new, {"output_type": "fft"})
    with pytest.raises(DatasetError, match="has changed since this dataset was loaded"):
        exportDataset(old, tmp_path / "out", layout)
    on_reading(monkeypatch, 3, lambda: regenerateDataPoints(new, Click, [0]))
    with pytest.raises(DatasetError, match="was changed by another process"):
        exportDataset(new, tmp_path / "out", layout)
    assert names(tmp_path) == ["in"]


def missing(content: bytes) -> None:
    """Nothing is left of it."""


def flipped(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


def cut(content: bytes) -> bytes:
    return content[:-30]


def empty(content: bytes) -> bytes:
    return b""


@both
@pytest.mark.parametrize("damage", [missing, flipped, cut, empty])
def test_a_damaged_sound_is_named(tmp_path: Path, layout: Any, damage: Any) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path / "in"), 4, seed=1)
    wav = tmp_path / "in" / "sample_00002.wav"
    content = damage(wav.read_bytes())
    wav.unlink() if content is None else wav.write_bytes(content)
    with pytest.raises(DatasetError, match=r"sample_00002\.wav is (missing|damaged)"):
        exportDataset(dataset, tmp_path / "deep" / "out", layout)
    assert names(tmp_path) == ["in"]
    exportDataset(dataset[:2], tmp_path / "out", layout)


def legacy(directory: Path) -> TorchDataset:
    """A dataset of kac_drumset, with wavs of its own kind."""
    x = waves(4)
    write(directory, x)
    for i, wave in enumerate(x):
        soundfile.write(directory / f"sample_{i:05d}.wav", np.array(wave) / 9, 800, "PCM_16")
    return loadDataset(str(directory))


@both
def test_a_legacy_dataset(tmp_path: Path, layout: Any) -> None:
    dataset = legacy(tmp_path / "in")
    exportDataset(dataset, tmp_path / "out", layout)
    rows = read(tmp_path / "out", layout)
    assert [row["wav"] for row in rows] == [sound(tmp_path / "in", i) for i in range(4)]
    assert [row["drum_size"] for row in rows] == [0.5, 0.5, 1.5, 1.5]
    assert all(row["older"] is True for row in rows)


@both
@pytest.mark.parametrize("damage", [missing, cut, empty])
def test_a_legacy_dataset_without_its_sounds(tmp_path: Path, layout: Any, damage: Any) -> None:
    dataset = legacy(tmp_path / "in")
    wav = tmp_path / "in" / "sample_00001.wav"
    content = damage(wav.read_bytes())
    wav.unlink() if content is None else wav.write_bytes(content)
    with pytest.raises(DatasetError, match=r"sample_00001\.wav is (missing|damaged)"):
        exportDataset(dataset, tmp_path / "out", layout)
    assert names(tmp_path) == ["in"]


@pytest.mark.optional
@pytest.mark.filterwarnings("default")
@both
def test_hugging_face_reads_them(
    tmp_path: Path, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets: Any = pytest.importorskip("datasets")
    column = "audio" if layout == "audiofolder" else "wav"
    dataset = generateDataset(Ragged, SETTINGS, str(tmp_path / "in"), 12, seed=1)
    exportDataset(dataset, tmp_path / "out", layout, shard_size=5)
    for arguments in (
        {"path": layout, "data_dir": str(tmp_path / "out")},
        {"path": str(tmp_path / "out")},
    ):
        try:
            found = datasets.load_dataset(**arguments, cache_dir=str(tmp_path / "cache"))["train"]
        except datasets.exceptions.DatasetGenerationError as error:
            if "torchcodec" in str(error.__cause__):  # what 4.0 and later need to read any sound
                pytest.skip(str(error.__cause__))
            raise
        found = found.cast_column(column, datasets.Audio(decode=False))
        assert len(found) == 12
        for i, row in enumerate(found):
            audio = row[column]
            content = audio["bytes"] or Path(audio["path"]).read_bytes()
            labels = row if layout == "audiofolder" else row["json"]
            assert content == sound(tmp_path / "in", i)
            assert (labels["index"], labels["group"]) == (i, i // 2)
            assert labels["level"] == float(dataset.Y[i]["level"])
            assert labels["many"] == [1.0] * (i + 1)
            assert labels["rare"] == (float(i) if i % 2 else None)


@pytest.mark.optional
@pytest.mark.filterwarnings("default")
def test_hugging_face_reads_splits(
    whole: TorchDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets: Any = pytest.importorskip("datasets")
    for split, rows in {"train": slice(0, 8), "test": slice(8, 12)}.items():
        exportDataset(whole[rows], tmp_path / "out" / split)
    found = datasets.load_dataset("audiofolder", data_dir=str(tmp_path / "out"))
    for split, indices in {"train": range(8), "test": range(8, 12)}.items():
        assert found[split].remove_columns("audio")["index"] == list(indices)
