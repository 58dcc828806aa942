"""Install a published dataset: fetched, verified, unpacked, converted, then published at once.

Everything happens in a hidden folder of the dataset's directory, `.download/NAME`, whose files say
how far it is: NAME.zip.part (arriving), NAME.zip (whole and verified), unpacked (to be converted),
complete (converted, to be moved to its place). Called again, it continues from there.
"""

import logging
import re
import shlex
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..._checks import check_choice
from ..._files import sync_folder
from ...dataset import loadDataset
from ...dataset.storage import DatasetDirectory, write_lock
from ...dataset.storage.layout import METADATA
from ...samplers.published import PUBLISHED_DATASETS, Datasets, PublishedDataset
from .download import ask_record, fetch, md5_of
from .unpack import Limits, copy, find_dataset, unpack

logger = logging.getLogger(__name__)

_STAGING = ".download"


def download_dataset(
    name: Datasets, dataset_dir: str | Path, source: str | Path | None = None, md5: str = ""
) -> None:
    """Install a published dataset in a directory that holds none, converted to our format.

    It appears whole or not at all. Called again, it continues where it was interrupted.

    Args:
        name: of the published dataset.
        dataset_dir: the directory; made if need be.
        source: a zip archive, a directory (where one was unpacked, or with NAME.zip in it), or the
            http(s) address of an archive or of a folder with NAME.zip; None: its Zenodo record.
        md5: of the archive, hexadecimal; '': the one of the record. Where a source is given and
            the record cannot be reached, the archive is taken unverified, with a warning.

    Raises:
        ConnectionError: the archive cannot be reached; says how to make such a dataset here.
        DatasetError: the directory holds other files, or another process writes there.
        FileExistsError: it holds a dataset already.
        FileNotFoundError: there is no such archive or directory, or no dataset in it.
        OSError: the disk is too small; says how much is needed.
        ValueError: there is no such published dataset; or the archive is another than the md5
            says, damaged, unsafe, too large, or holds no such dataset. Nothing of it is kept.
    """
    check_choice("name", name, PUBLISHED_DATASETS)
    directory, digest = Path(dataset_dir).absolute(), md5.lower().removeprefix("md5:")
    if digest and not re.fullmatch(r"[0-9a-f]{32}", digest):
        raise ValueError(f"an md5 has 32 hexadecimal digits, which {md5!r} has not")
    if urlsplit(str(source)).scheme not in ("http", "https"):
        if "://" in str(source):
            raise ValueError(f"{source} is neither a path nor an http(s) address")
        source = Path(source).expanduser().absolute() if source else None
    wanted = _Wanted(name, source, digest)
    existed = directory.is_dir()
    try:
        if not existed or not _is_published(directory, wanted.name):
            with write_lock(directory):
                _install(wanted, directory)
    except ConnectionError as error:
        place = shlex.quote(str(directory))
        raise ConnectionError(
            f"{error}. Check the network and call again, which continues with what has arrived; or"
            f" take it from a copy: bin/install-dataset.sh {name} --dir {place} --from PATH_OR_URL;"
            f" or make the same family here: bin/install-dataset.sh {name} --dir {place}"
            " --generate, or in Python"
            f" kac_prediction.pipeline.generate_family({name!r}, {str(directory)!r})"
        ) from error
    finally:
        if not existed:
            with suppress(OSError):  # it has content
                directory.rmdir()


def interrupted_installation(dataset_dir: str | Path) -> str:
    """Return the name of the dataset whose installation was interrupted here; '' for none."""
    begun = (name for name in PUBLISHED_DATASETS if (Path(dataset_dir) / _STAGING / name).is_dir())
    return next(begun, "")


@dataclass(frozen=True)
class _Wanted:
    """Which dataset is to be installed, from where (None: its record), and its md5 if given."""

    name: Datasets
    source: str | Path | None
    md5: str

    @property
    def file(self) -> str:
        return f"{self.name}.zip"

    @property
    def published(self) -> PublishedDataset:
        return PUBLISHED_DATASETS[self.name]

    def expected_md5(self, place: str) -> str:
        """Return the md5 that was given, else the record's, else '', with a warning."""
        if self.md5:
            return self.md5
        try:
            return ask_record(self.published.doi, self.file, attempts=1)[1]
        except (ConnectionError, ValueError) as error:
            logger.warning("%s is not verified, since no md5 is known (give it): %s", place, error)
            return ""


def _is_published(directory: Path, name: str) -> bool:
    """Return whether the dataset is in its place; raise as download_dataset for another one."""
    target = DatasetDirectory(directory)
    complete = directory / _STAGING / name / "complete"
    if target.holds_dataset():
        if complete.is_dir() and not (complete / METADATA).exists():
            shutil.rmtree(directory / _STAGING)
            return True
        raise FileExistsError(f"{directory} holds a dataset already: name another directory")
    if not complete.is_dir():  # else some of its files may be in their place
        target.refuse_foreign_files()
    return False


def _install(wanted: _Wanted, directory: Path) -> None:
    """Prepare and publish a dataset; a staging folder with nothing to continue with is removed."""
    if directory.is_dir() and _is_published(directory, wanted.name):
        return
    staging = directory / _STAGING / wanted.name
    try:
        if not (staging / "complete").is_dir():
            _prepare(wanted, staging)
        _publish(staging / "complete", directory)
    except ValueError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        arrived = [
            entry
            for entry in (staging.iterdir() if staging.is_dir() else ())
            if entry.is_dir() or (entry.suffix in (".zip", ".part") and entry.stat().st_size)
        ]
        if not arrived:
            shutil.rmtree(staging, ignore_errors=True)
            with suppress(OSError):  # another dataset's may be there
                staging.parent.rmdir()
    shutil.rmtree(directory / _STAGING, ignore_errors=True)


def _prepare(wanted: _Wanted, staging: Path) -> None:
    """Bring the dataset into the staging folder, unpacked, converted and checked."""
    note, origin = staging / "source", f"{wanted.source or 'record'}\n{wanted.md5}\n"
    if not note.is_file() or note.read_text() != origin:  # an earlier call wanted another
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        note.write_text(origin)
    unpacking, unpacked = staging / "unpacking", staging / "unpacked"
    if not unpacked.is_dir():
        shutil.rmtree(unpacking, ignore_errors=True)
        found = _obtain(wanted, staging / wanted.file)
        limits = Limits.of(wanted.published)
        try:
            copy(found, unpacking, limits) if found.is_dir() else unpack(found, unpacking, limits)
        except BaseException:  # it would only fill the disk
            shutil.rmtree(unpacking, ignore_errors=True)
            raise
        unpacking.rename(unpacked)
    (staging / wanted.file).unlink(missing_ok=True)
    _open(wanted, unpacked)
    unpacked.rename(staging / "complete")


def _obtain(wanted: _Wanted, archive: Path) -> Path:
    """Return the archive, downloaded or where a user has it; or a directory to copy."""
    source = wanted.source
    if archive.is_file():
        return archive
    if isinstance(source, Path):
        return _local(wanted, source)
    if source is None:
        url, md5 = ask_record(wanted.published.doi, wanted.file)
        md5 = wanted.md5 or md5
    else:
        path = urlsplit(source).path
        folder = wanted.file not in path and not path.endswith(".zip")
        url = f"{source.rstrip('/')}/{wanted.file}" if folder else source
        md5 = wanted.expected_md5(url)
    logger.info("downloading %s from %s", wanted.name, url)
    fetch(url, archive, Limits.of(wanted.published).total, md5)
    return archive


def _local(wanted: _Wanted, source: Path) -> Path:
    """Return the verified archive that a path means, or a directory in which one was unpacked."""
    archive = source / wanted.file if source.is_dir() else source
    if archive.is_file():
        expected = wanted.expected_md5(str(archive))
        found = md5_of(archive) if expected else ""
        if found != expected:
            raise ValueError(
                f"{archive} has the md5 {found} where {expected} was expected: it is another file,"
                " or damaged. If you trust it, give its own md5"
            )
        return archive
    folder = find_dataset(source, wanted.name)
    if folder is None:
        raise FileNotFoundError(
            f"{source} is no archive, and no directory with {wanted.file} or {METADATA} in it"
        )
    if wanted.md5:
        raise ValueError(f"{source} is unpacked: an md5 is of the archive, {wanted.file}")
    logger.warning("%s is not verified: it is unpacked, and the record's md5 is of a zip", folder)
    return folder


def _open(wanted: _Wanted, unpacked: Path) -> None:
    """Convert a dataset, and check that it is the one that was wanted."""
    dataset, published = loadDataset(str(unpacked)), wanted.published
    if dataset.sampler["name"] != published.sampler.__name__:
        raise ValueError(
            f"what was taken for {wanted.name} was made by {dataset.sampler['name']}, not by"
            f" {published.sampler.__name__}: it is another dataset"
        )
    size, sounds = len(dataset), sum(1 for _ in unpacked.glob("sample_*.wav"))
    message = "%s holds %d %s; expected were %d"
    if size != published.size:
        logger.warning(message, wanted.name, size, "samples", published.size)
    if sounds != size:
        needed = "sounds, which transforming it needs"
        logger.warning(message, wanted.name, sounds, needed, size)


def _publish(complete: Path, directory: Path) -> None:
    """Move the files to their place, if it is free, metadata.json last: then there is a dataset."""
    files = sorted(complete.iterdir(), key=lambda file: (file.name == METADATA, file.name))
    for file in files:
        if (directory / file.name).exists():
            raise FileExistsError(
                f"{directory / file.name} is in the way of the dataset that was downloaded: move"
                " it away and call again"
            )
    for file in files:
        if file.name == METADATA:
            sync_folder(directory)  # after a power cut too, the others are there if it is
        file.replace(directory / file.name)
    sync_folder(directory)
