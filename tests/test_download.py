import stat
import zipfile
from pathlib import Path

import pooch
import pytest

from kac_prediction.dataset import DatasetError, generateDataset, loadDataset
from kac_prediction.pipeline import download
from kac_prediction.pipeline.download import download_dataset, unpack
from kac_prediction.samplers import TestTone

NAME = "5000-circular-drums-of-varying-size"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


MEMBERS = {
    f"{NAME}/data/metadata.json": b"{}",
    f"{NAME}/data/sample_00000.wav": b"RIFF",
    f"{NAME}/data/._sample_00000.wav": b"apple",
    f"{NAME}/data/.DS_Store": b"apple",
    f"{NAME}/readme.txt": b"hello",
    f"__MACOSX/{NAME}/data/metadata.json": b"apple",
}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("prefix", ["", "odd/place/", f"{NAME}/data/"])
def test_the_dataset_is_found_wherever_it_lies(prefix: str, tmp_path: Path) -> None:
    members = {f"{prefix}metadata.json": b"{}", f"{prefix}sample_00000.wav": b"RIFF"}
    unpack(zipped(tmp_path / "a.zip", members), tmp_path / "out")
    assert names(tmp_path / "out") == {"metadata.json", "sample_00000.wav"}


@pytest.mark.parametrize("evil", ["../evil.wav", "/evil.wav", "a/../../evil.wav", "C:/evil.wav"])
def test_paths_that_lead_out_are_refused(evil: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"metadata.json": b"{}", evil: b"x"})
    with pytest.raises(ValueError, match="leads elsewhere"):
        unpack(archive, tmp_path / "out")
    assert names(tmp_path) == {"a.zip"}


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("sample_00000.wav")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ValueError, match="a link or a path"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_archives_without_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds 0"):
        unpack(zipped(tmp_path / "a.zip", {"x.wav": b""}), tmp_path / "out")
    two = zipped(tmp_path / "b.zip", {"a/metadata.json": b"", "b/metadata.json": b""})
    with pytest.raises(ValueError, match="holds 2"):
        unpack(two, tmp_path / "out")
    (tmp_path / "c.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"c\.zip is not a whole zip"):
        unpack(tmp_path / "c.zip", tmp_path / "out")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Serve the archive from here; the list counts what was fetched."""
    fetched: list[str] = []

    def fetch(self: pooch.Pooch, name: str, progressbar: bool) -> str:
        assert self.base_url.rstrip("/") == "doi:10.5281/zenodo.7274474"
        fetched.append(name)
        return str(zipped(Path(self.path) / name, MEMBERS))

    monkeypatch.setattr(pooch.Pooch, "load_registry_from_doi", lambda self: None)
    monkeypatch.setattr(pooch.Pooch, "fetch", fetch)
    return fetched


def test_only_the_dataset_arrives(published: list[str], tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    download_dataset(NAME, tmp_path)
    assert published == [f"{NAME}.zip"]
    assert names(tmp_path) == {".gitkeep", "metadata.json", "sample_00000.wav"}


def test_an_interrupted_publication_goes_on(
    published: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Path, target: Path) -> Path:
        if self.name == "metadata.json":
            raise KeyboardInterrupt
        self.rename(target)
        return target

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            download_dataset(NAME, tmp_path)
    assert names(tmp_path) == {".download", "sample_00000.wav"}
    download_dataset(NAME, tmp_path)
    assert len(published) == 1
    assert names(tmp_path) == {"metadata.json", "sample_00000.wav"}


def test_foreign_files_are_left_alone(published: list[str], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DatasetError, match=r"thesis\.tex"):
        download_dataset(NAME, tmp_path)
    assert names(tmp_path) == {"thesis.tex"}
    assert not published


def test_a_dataset_is_not_replaced(published: list[str], tmp_path: Path) -> None:
    generateDataset(TestTone, {"duration": 0.05, "sample_rate": 8000}, str(tmp_path / "data"), 2)
    with pytest.raises(FileExistsError, match="holds a dataset already"):
        download_dataset(NAME, tmp_path / "data")
    assert not published
    assert len(loadDataset(str(tmp_path / "data"))) == 2


@pytest.mark.parametrize("step", ["load_registry_from_doi", "fetch"])
def test_no_network_says_so_and_offers_a_way(
    step: str, published: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def unreachable(*_: object, **__: object) -> str:
        attempts.append(1)
        raise OSError("Name or service not known")

    monkeypatch.setattr(download, "_PAUSE", 0)
    monkeypatch.setattr(pooch.Pooch, step, unreachable)
    with pytest.raises(ConnectionError, match=r"not known.*LocalSampler \(BesselModel\)"):
        download_dataset(NAME, tmp_path)
    assert len(attempts) == 3
