"""Installing a published dataset, from wherever it is, whatever happens on the way."""

import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kac_prediction.dataset import DatasetError, generateDataset, loadDataset, transformDataset
from kac_prediction.pipeline import Routine, download_dataset
from kac_prediction.pipeline.datasets import download, install
from kac_prediction.samplers import TestTone
from legacy_text import SAMPLERS
from published import (
    FILE,
    NAME,
    Server,
    archive,
    check_installed,
    md5,
    point_at,
    serving,
    unpacked,
)

OTHER = "5000-rectangular-drums-of-varying-dimension"
Digest = Callable[[Path], dict[str, str]]


@pytest.fixture
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive on a disk."""
    return archive(tmp_path_factory.mktemp("local"))


@pytest.fixture
def server(local: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "_PAUSE", 0)
    monkeypatch.setattr(download, "_CHUNK", 100)
    with serving(local.read_bytes()) as state:
        point_at(state, monkeypatch)
        yield state


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PAUSE", 0)
    with serving(b"") as gone:
        point_at(gone, monkeypatch)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_by_its_name_alone(server: Server, local: Path, tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.INFO):
        download_dataset(NAME, tmp_path / "data")
    check_installed(tmp_path / "data", local.parent / "source")
    assert server.requested == [None]
    assert f"downloading {NAME} of record 23148121 from {server.url}/content/{FILE}" in caplog.text
    assert "holds 5 samples; expected were 5000" in caplog.text
    assert "not verified" not in caplog.text
    mel = {"output_type": "mel", "n_bins": 4, "window_length": 4, "hop_length": 2, "n_mels": 2}
    transformed = transformDataset(loadDataset(str(tmp_path / "data")), mel)  # type: ignore[arg-type]
    assert transformed.X.shape == (5, 2, 5)


@pytest.mark.parametrize("source", ["/mirror", "/mirror/", f"/mirror/{FILE}", "/moved.zip"])
def test_from_a_mirror(source: str, server: Server, local: Path, tmp_path: Path) -> None:
    download_dataset(NAME, tmp_path / "data", f"{server.url}{source}")
    check_installed(tmp_path / "data", local.parent / "source")


@pytest.mark.parametrize("place", [FILE, "", "source"])
def test_from_a_disk(place: str, server: Server, local: Path, tmp_path: Path) -> None:
    source = local.parent / place
    before = names(local.parent)
    download_dataset(NAME, tmp_path / "data", source)
    check_installed(tmp_path / "data", local.parent / "source")
    assert names(local.parent) == before
    assert not server.requested


@pytest.mark.parametrize("place", ["", "data", NAME, f"{NAME}/data"])
def test_places_where_a_dataset_may_be_unpacked(place: str, tmp_path: Path) -> None:
    folder = tmp_path / "source" / place
    folder.mkdir(parents=True)
    unpacked(folder)
    download_dataset(NAME, tmp_path / "data", tmp_path / "source")
    check_installed(tmp_path / "data", folder)


def test_an_installed_dataset_can_be_copied_from(local: Path, tmp_path: Path) -> None:
    download_dataset(NAME, tmp_path / "a", local.parent / "source")
    download_dataset(NAME, tmp_path / "b", tmp_path / "a")
    check_installed(tmp_path / "b", local.parent / "source")


@pytest.mark.parametrize("way", ["mirror", "zip"])
def test_the_md5_of_the_record_counts_wherever_it_comes_from(
    way: str, server: Server, local: Path, tmp_path: Path, caplog: Any
) -> None:
    server.checksum = f"md5:{'0' * 32}"
    source = f"{server.url}/mirror" if way == "mirror" else str(local)
    with pytest.raises(ValueError, match=f"{md5(server.content)} where {'0' * 32} was expected"):
        download_dataset(NAME, tmp_path / "data", source)
    assert not (tmp_path / "data").exists()
    assert local.exists()
    # Who packed it anew vouches for it.
    given = f"md5:{md5(server.content).upper()}"
    download_dataset(NAME, tmp_path / "data", source, given)
    check_installed(tmp_path / "data", local.parent / "source")
    assert "not verified" not in caplog.text


@pytest.mark.parametrize("way", ["mirror", "zip"])
def test_without_a_record_it_is_said_that_nothing_was_verified(
    way: str, local: Path, offline: None, tmp_path: Path, caplog: Any
) -> None:
    with serving(local.read_bytes()) as mirror:
        source = f"{mirror.url}/mirror" if way == "mirror" else str(local)
        download_dataset(NAME, tmp_path / "a", source)
        assert f"{source}" in caplog.text
        assert "is not verified, since no md5 is known" in caplog.text
        caplog.clear()
        download_dataset(NAME, tmp_path / "b", source, md5(mirror.content))
        assert "not verified" not in caplog.text
        with pytest.raises(ValueError, match="where 00000"):
            download_dataset(NAME, tmp_path / "c", source, "0" * 32)
    for name in "ab":
        check_installed(tmp_path / name, local.parent / "source")
    assert not (tmp_path / "c").exists()


def test_sources_that_are_none(local: Path, tmp_path: Path, offline: None) -> None:
    place = tmp_path / "data"
    with pytest.raises(FileNotFoundError, match=f"no directory with {FILE}"):
        download_dataset(NAME, place, tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=f"no directory with {FILE}"):
        download_dataset(NAME, place, tmp_path)
    with pytest.raises(ValueError, match="neither a path nor an http"):
        download_dataset(NAME, place, "ftp://example.org/drums.zip")
    with pytest.raises(ValueError, match="md5 must have 32 hexadecimal digits, got 'abc'"):
        download_dataset(NAME, place, local, "abc")
    with pytest.raises(ValueError, match="an md5 is of the archive"):
        download_dataset(NAME, place, local.parent / "source", "0" * 32)
    with pytest.raises(ValueError, match=r"name must be one of .*, got 'drums'"):
        download_dataset("drums", place)  # type: ignore[arg-type]
    with serving(b"") as mirror, pytest.raises(ConnectionError, match="404"):
        download_dataset(NAME, place, f"{mirror.url}/elsewhere")
    assert not place.exists()


def test_no_network_says_so_and_how_to_go_on(offline: None, tmp_path: Path) -> None:
    place = tmp_path / "some drums"
    with pytest.raises(ConnectionError) as caught:
        download_dataset(NAME, place)
    message = str(caught.value)
    assert "the record doi:10.5281/zenodo.23148121 could not be read" in message
    assert "Check the network and call again" in message
    assert f"bin/install-dataset.sh {NAME} --dir '{place}' --from PATH_OR_URL" in message
    assert f"bin/install-dataset.sh {NAME} --dir '{place}' --generate" in message
    assert f"kac_prediction.pipeline.generate_family({NAME!r}, {str(place)!r})" in message
    assert not place.exists()
    (tmp_path / ".gitkeep").touch()
    with pytest.raises(ConnectionError):
        download_dataset(NAME, tmp_path)
    assert names(tmp_path) == {".gitkeep"}


def test_a_download_that_was_cut_goes_on(server: Server, local: Path, tmp_path: Path) -> None:
    server.faults = ["cut", 404]
    with pytest.raises(ConnectionError, match="404"):
        download_dataset(NAME, tmp_path)
    assert names(tmp_path) == {".download"}
    with pytest.raises(FileNotFoundError, match=f"installation of {NAME} that was interrupted"):
        Routine(str(local.parent)).importDataset(str(tmp_path))
    download_dataset(NAME, tmp_path)
    assert server.requested[-1] != server.requested[0]
    check_installed(tmp_path, local.parent / "source")


def test_what_arrived_is_not_mixed_with_another_source(
    server: Server, local: Path, tmp_path: Path
) -> None:
    server.faults = ["cut", 404]
    with pytest.raises(ConnectionError):
        download_dataset(NAME, tmp_path, f"{server.url}/mirror")
    download_dataset(NAME, tmp_path)
    assert server.requested[-1] is None
    check_installed(tmp_path, local.parent / "source")


@pytest.mark.parametrize("damage", ["wrong bytes", "no dataset", "another sampler", "cut text"])
def test_nothing_is_kept_of_what_is_no_such_dataset(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    path = archive(folder, sampler=SAMPLERS["E9"] if damage == "another sampler" else '"x"')
    if damage == "wrong bytes":
        content = path.read_bytes()
        path.write_bytes(content[:300] + b"x" + content[301:])
    elif damage == "no dataset":
        path.write_bytes(b"<html>please log in</html>")
    elif damage == "cut text":
        with zipfile.ZipFile(path, "w") as content:
            content.writestr("metadata.json", (folder / "source/metadata.json").read_bytes()[:-9])
    target = tmp_path / "data"
    with serving(path.read_bytes()) as mirror, pytest.raises(ValueError, match=r"\w{9}"):
        download_dataset(NAME, target, f"{mirror.url}/mirror", md5(path.read_bytes()))
    assert not target.exists()


def test_foreign_files_and_datasets_are_left_alone(
    local: Path, tmp_path: Path, digest: Digest
) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DatasetError, match=r"thesis\.tex"):
        download_dataset(NAME, tmp_path, local)
    assert names(tmp_path) == {"thesis.tex"}
    data = tmp_path / "data"
    generateDataset(TestTone, {"duration": 0.05, "sample_rate": 8000}, str(data), 2)
    before = digest(data)
    with pytest.raises(FileExistsError, match="holds a dataset already"):
        download_dataset(NAME, data, local)
    assert digest(data) == before


def test_it_is_never_moved_over_what_came_in_the_meantime(
    local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(complete: Path, directory: Path) -> None:
        (directory / "sample_00003.wav").write_text("mine")
        original(complete, directory)

    original = install._publish
    with monkeypatch.context() as patch:
        patch.setattr(install, "_publish", publish)
        with pytest.raises(FileExistsError, match=r"sample_00003\.wav is in the way"):
            download_dataset(NAME, tmp_path, local)
    assert names(tmp_path) == {".download", "sample_00003.wav"}
    assert (tmp_path / "sample_00003.wav").read_text() == "mine"
    (tmp_path / "sample_00003.wav").unlink()
    local.unlink()  # it is not needed any more
    download_dataset(NAME, tmp_path, local)
    check_installed(tmp_path, local.parent / "source")


def test_two_at_once(local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*arguments: Any) -> None:
        with pytest.raises(DatasetError, match="by another process"):
            download_dataset(NAME, tmp_path / "data", local)
        original(*arguments)

    original = install.unpack
    monkeypatch.setattr(install, "unpack", meanwhile)
    download_dataset(NAME, tmp_path / "data", local)
    check_installed(tmp_path / "data", local.parent / "source")


def test_a_leftover_of_another_name_does_no_harm(
    server: Server, local: Path, tmp_path: Path
) -> None:
    server.files = [f"{OTHER}.zip"]
    server.faults = ["cut", 404]
    with pytest.raises(ConnectionError):
        download_dataset(OTHER, tmp_path)
    download_dataset(NAME, tmp_path, local.parent / "source")
    check_installed(tmp_path, local.parent / "source")


def test_a_source_that_is_unpacked_elsewhere_says_it_is_not_verified(
    tmp_path: Path, caplog: Any
) -> None:
    download_dataset(NAME, tmp_path / "data", unpacked(tmp_path / "source"))
    assert "is not verified: it is unpacked" in caplog.text
