"""Install a published dataset: fetched, verified, unpacked, converted, then published at once.

Everything happens in a hidden folder of the dataset's directory, `.download/NAME`, whose files say
how far it is: NAME.zip.part (arriving), NAME.zip (whole and verified), unpacked (to be converted),
complete (converted, to be moved to its place). Called again, it continues from there.
"""

import logging
import shlex
import shutil
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..._checks import check_choice
from ..._files import reporting, sync_folder
from ...dataset import loadDataset
from ...dataset.storage import DatasetDirectory, write_lock
from ...dataset.storage.layout import METADATA, check_tree
from ...samplers.published import (
    PUBLISHED_DATASETS,
    Datasets,
    PublishedDataset,
    published_dataset,
    record_told_by,
)
from .download import ask_record, check_digest, fetch, hexadecimal, public
from .unpack import archive_limit, unpack

logger = logging.getLogger(__name__)

_STAGING = ".download"


def download_dataset(
    name: Datasets,
    dataset_dir: str | Path,
    source: str | Path | None = None,
    md5: str = "",
    record: str = "",
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
        record: the Zenodo record, for names that are in several; '': the newest, as the log says.

    Raises:
        ConnectionError: the archive cannot be reached; says how to make such a dataset here.
        DatasetError: the directory holds other files, or another process writes there.
        FileExistsError: it holds a dataset already.
        FileNotFoundError: there is no such archive or directory, or no dataset in it.
        OSError: the disk is too small; says how much is needed.
        ValueError: there is no such published dataset in the record; or the archive is another
            than the md5 says, damaged, unsafe, too large, or holds no such dataset, or that of
            another record. Nothing of it is kept.
    """
    check_choice("name", name, PUBLISHED_DATASETS)
    published_dataset(name, record)
    directory, digest = Path(dataset_dir).absolute(), md5 and hexadecimal(md5, "md5")
    if urlsplit(str(source)).scheme not in ("http", "https"):
        if "://" in str(source):
            raise ValueError(f"{public(str(source))} is neither a path nor an http(s) address")
        source = Path(source).expanduser().absolute() if source else None
    check_tree(directory / _STAGING)
    existed = directory.is_dir()
    try:
        with reporting("installing a dataset", directory):
            if not _is_published(directory, name):
                with write_lock(directory):
                    if not _is_published(directory, name):  # by another process, in the meantime
                        _install(name, directory, source, digest, record)
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


def _install(
    name: Datasets, directory: Path, source: str | Path | None, md5: str, record: str
) -> None:
    """Prepare and publish a dataset; a staging folder with nothing to continue with is removed."""
    staging = directory / _STAGING / name
    complete = staging / "complete"
    try:
        if not complete.is_dir():
            _prepare(name, staging, source, md5, record)
        _publish(complete, directory)
    except ValueError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        if not any(
            entry.is_dir() or (entry.suffix in (".zip", ".part") and entry.stat().st_size)
            for entry in staging.glob("*")
        ):
            shutil.rmtree(staging, ignore_errors=True)
            with suppress(OSError):  # another dataset's may be there
                staging.parent.rmdir()
    shutil.rmtree(directory / _STAGING, ignore_errors=True)


def _prepare(
    name: Datasets, staging: Path, source: str | Path | None, md5: str, record: str
) -> None:
    """Bring the dataset into the staging folder, unpacked, converted and checked."""
    published, archive = published_dataset(name, record), staging / f"{name}.zip"
    note, origin = staging / "source", f"{public(str(source or published.doi))}\n{md5}\n"
    if not note.is_file() or note.read_text() != origin:  # an earlier call wanted another
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        note.write_text(origin)
    unpacking, unpacked = staging / "unpacking", staging / "unpacked"
    if not unpacked.is_dir():
        shutil.rmtree(unpacking, ignore_errors=True)
        found = archive if archive.is_file() else _obtain(published, archive, source, md5)
        try:
            unpack(found, unpacking, published)
        except BaseException:  # it would only fill the disk
            shutil.rmtree(unpacking, ignore_errors=True)
            raise
        unpacking.rename(unpacked)
    archive.unlink(missing_ok=True)

    dataset = loadDataset(str(unpacked))  # which converts it
    if dataset.sampler["name"] != published.sampler.__name__:
        raise ValueError(
            f"what was taken for {name} was made by {dataset.sampler['name']}, not by"
            f" {published.sampler.__name__}: it is another dataset"
        )
    told = record_told_by(name, dataset.sampler_settings)
    if record and told not in ("", record):
        raise ValueError(
            f"what was taken for {name} of record {record} is of record {told}, whose drum_size has"
            " another scale: ask for that record, or take the archive of the other"
        )
    size, sounds = len(dataset), sum(1 for _ in unpacked.glob("sample_*.wav"))
    message = "%s holds %d %s; expected were %d"
    if size != published.size:
        logger.warning(message, name, size, "samples", published.size)
    if sounds != size:
        logger.warning(message, name, sounds, "sounds, which transforming it needs", size)
    unpacked.rename(staging / "complete")


def _obtain(
    published: PublishedDataset, archive: Path, source: str | Path | None, md5: str
) -> Path:
    """Return the archive, downloaded or where a user has it; or a directory to copy."""
    name = archive.stem
    if not isinstance(source, Path):
        if source is None:
            url, recorded = ask_record(published.doi, archive.name)
            md5 = md5 or recorded
        else:
            path = urlsplit(source).path
            is_folder = archive.name not in path and not path.endswith(".zip")
            url = f"{source.rstrip('/')}/{archive.name}" if is_folder else source
            md5 = md5 or _recorded_md5(published, archive.name, public(url))
        shown = name, published.record, public(url)
        logger.info("downloading %s of record %s from %s", *shown)
        fetch(url, archive, archive_limit(published), md5)
        return archive
    found = source / archive.name if source.is_dir() else source
    if found.is_file():
        if md5 := md5 or _recorded_md5(published, archive.name, str(found)):
            check_digest(found, md5, "md5")
        return found
    places = (source / place for place in ("", "data", name, f"{name}/data"))
    folder = next((place for place in places if (place / METADATA).is_file()), None)
    if folder is None:
        raise FileNotFoundError(
            f"{source} is no archive, and no directory with {archive.name} or {METADATA} in it"
        )
    if md5:
        raise ValueError(f"{source} is unpacked: an md5 is of the archive, {archive.name}")
    logger.warning("%s is not verified: it is unpacked, and the record's md5 is of a zip", folder)
    return folder


def _recorded_md5(published: PublishedDataset, file: str, place: str) -> str:
    """Return the md5 that the record gives of a file; '', with a warning, where it has none."""
    try:
        return ask_record(published.doi, file, attempts=1)[1]
    except (ConnectionError, ValueError) as error:
        logger.warning("%s is not verified, since no md5 is known (give it): %s", place, error)
        return ""


def _publish(complete: Path, directory: Path) -> None:
    """Move the files to their place, if it is free, metadata.json last: then there is a dataset."""
    files = sorted(complete.iterdir(), key=lambda file: (file.name == METADATA, file.name))
    for file in files:
        if (directory / file.name).exists():
            raise FileExistsError(
                f"{directory / file.name} is in the way of the dataset that was downloaded: move"
                " it away and call again"
            )
    for file in files[:-1]:
        file.replace(directory / file.name)
    sync_folder(directory)  # after a power cut too, the others are there if the metadata is
    files[-1].replace(directory / METADATA)
    sync_folder(directory)
