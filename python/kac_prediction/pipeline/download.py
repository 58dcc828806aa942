"""Fetching a published dataset."""

import logging
import shutil
import stat
import time
import zipfile
from pathlib import Path, PurePosixPath

import pooch
from tqdm import tqdm

from ..dataset.storage import DatasetDirectory
from ..samplers.families import FAMILIES, Datasets

logger = logging.getLogger(__name__)

_STAGING = ".download"
_ATTEMPTS = 3
_PAUSE = 2.0  # seconds between two attempts
_SUFFIXES = {".json", ".npy", ".wav"}


def downloadable(name: str) -> Datasets:
    """Check a name of `Datasets`.

    Raises:
        ValueError: there is no such published dataset.
    """
    known: Datasets
    for known in FAMILIES:
        if name == known:
            return known
    raise ValueError(f"{name!r} is not a published dataset; there are {', '.join(FAMILIES)}")


def download_dataset(name: Datasets, dataset_dir: str | Path) -> None:
    """Fetch a published dataset into a directory that holds none.

    The archive is verified against the md5 of its Zenodo record and unpacked in a hidden folder of
    the directory; `metadata.json` comes to its place last. Called again, it goes on where it was
    interrupted.

    Raises:
        ConnectionError: the record cannot be reached.
        DatasetError: the directory holds other files; nothing was changed.
        FileExistsError: it holds a dataset already.
        ValueError: the archive is damaged, unsafe, or holds no dataset.
    """
    directory = Path(dataset_dir)
    complete = directory / _STAGING / "complete"
    if not complete.is_dir():
        target = DatasetDirectory(directory)
        if target.holds_dataset():
            raise FileExistsError(f"{directory} holds a dataset already: name another directory")
        target.refuse_foreign_files()
        staging = directory / _STAGING
        staging.mkdir(parents=True, exist_ok=True)
        unpacked = staging / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpack(_fetch(name, staging), unpacked)
        unpacked.rename(complete)
    for file in sorted(complete.iterdir(), key=lambda file: file.suffix == ".json"):
        file.replace(directory / file.name)
    shutil.rmtree(directory / _STAGING)


def unpack(archive: Path, directory: Path) -> None:
    """Unpack the folder of a zip archive that holds `metadata.json`, wherever it is.

    Raises:
        ValueError: the archive is no zip, holds no dataset or several, or has a member that leads
            out of the directory or is a link.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            members = _dataset_members(content, archive)
            directory.mkdir(parents=True)
            for member in tqdm(members, desc="unpacking", unit=" files", disable=None):
                target = directory / PurePosixPath(member.filename).name
                with content.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive} is not a whole zip archive: {error}; delete it") from error


def _dataset_members(content: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """The files of the dataset in an archive, whose members are all safe to unpack."""
    members = [member for member in content.infolist() if not member.is_dir()]
    for member in members:
        _refuse_unsafe(member, archive)
    places = {member.filename: PurePosixPath(member.filename) for member in members}
    found = [
        place.parent
        for place in places.values()
        if place.name == "metadata.json" and "__MACOSX" not in place.parts
    ]
    if len(found) != 1:
        raise ValueError(
            f"{archive} must hold one metadata.json, but holds {len(found)}: it is not a dataset"
        )
    return [
        member
        for member in members
        if places[member.filename].parent == found[0]
        and places[member.filename].suffix in _SUFFIXES
        and not places[member.filename].name.startswith(".")
    ]


def _refuse_unsafe(member: zipfile.ZipInfo, archive: Path) -> None:
    name = member.filename
    outside = name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name
    if outside or ":" in name or stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(
            f"{archive} holds {name!r}, a link or a path that leads elsewhere: nothing was unpacked"
        )


def _fetch(name: Datasets, directory: Path) -> Path:
    """Download the archive of a dataset, or find it already there and whole."""
    doi = FAMILIES[name].doi
    record = pooch.create(path=directory, base_url=f"doi:{doi}", retry_if_failed=_ATTEMPTS - 1)
    logger.info("downloading %s from doi:%s", name, doi)
    for attempt in range(_ATTEMPTS):
        try:
            record.load_registry_from_doi()
            return Path(record.fetch(f"{name}.zip", progressbar=True))
        except OSError as error:  # what every failure of `requests` derives from
            reason = error
        if attempt + 1 < _ATTEMPTS:
            time.sleep(_PAUSE)
    raise ConnectionError(
        f"{name} could not be downloaded from doi:{doi}: {reason}. Check the network and call"
        " again; or make the same family locally: leave dataset_name out and give importDataset a"
        f" LocalSampler ({FAMILIES[name].sampler_name})"
    ) from reason
