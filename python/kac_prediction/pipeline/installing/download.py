"""Installing a published dataset: fetched, verified, unpacked, converted, then shown all at once.

Everything happens in a hidden folder of the dataset's directory, `.download/NAME`, whose files say
how far it is: NAME.zip.part (arriving), NAME.zip (whole and verified), unpacked (not yet opened),
complete (opened and converted, to be moved to its place). Called again, it goes on from there.
"""

import logging
import re
import shlex
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..._files import sync_folder
from ...dataset import loadDataset
from ...dataset.storage import DatasetDirectory, write_lock
from ...samplers.published import PUBLISHED_DATASETS, Datasets
from .family import published
from .fetching import Address, ask_record, fetch, md5_of
from .unpacking import METADATA, Limits, copy, find_dataset, unpack

logger = logging.getLogger(__name__)

_STAGING = ".download"


def download_dataset(
    name: Datasets, dataset_dir: str | Path, source: str | Path | None = None, md5: str = ""
) -> None:
    """Bring a published dataset into a directory that holds none, and convert it to our format.

    It appears whole or not at all. Called again, it goes on where it was interrupted.

    Args:
        name: of the published dataset.
        dataset_dir: the directory; made if need be.
        source: where to take it from; None: its Zenodo record, by DOI. A zip archive, a directory
            (where one was unpacked, or with NAME.zip in it), or the http(s) address of an archive
            or of a folder with NAME.zip in it.
        md5: of the archive, hexadecimal; '': the one of the record, which is asked for it. Where
            a source is given and the record cannot be asked, the archive is taken unverified, and
            a warning says so.

    Raises:
        ConnectionError: the archive cannot be reached; says how to make such a dataset here.
        DatasetError: the directory holds other files, or another process writes there; nothing
            was changed.
        FileExistsError: it holds a dataset already.
        FileNotFoundError: there is no such archive or directory, or nothing of the kind in it.
        OSError: the disk is too small; says how much is needed.
        ValueError: there is no such published dataset; or the archive is another than the md5
            says, damaged, unsafe, too large, or holds no such dataset. Nothing of it is kept.
    """
    directory = Path(dataset_dir).absolute()
    wanted = _Wanted(published(name), _place(source), _digest(md5))
    there = directory.is_dir()
    try:
        if not there or not _published_before(directory, wanted.name):
            with write_lock(directory):
                _install(wanted, directory)
    except ConnectionError as error:
        raise ConnectionError(f"{error}. {_remedy(wanted.name, directory)}") from error
    finally:
        if not there:
            with suppress(OSError):  # only what is empty goes
                directory.rmdir()


def installation_begun(dataset_dir: str | Path) -> str:
    """The name of the published dataset whose installation was interrupted here; '': of none."""
    begun = (name for name in PUBLISHED_DATASETS if (Path(dataset_dir) / _STAGING / name).is_dir())
    return next(begun, "")


@dataclass(frozen=True)
class _Wanted:
    """What is to be installed: which dataset, from where (None: its record), of which md5."""

    name: Datasets
    source: str | Path | None
    md5: str

    @property
    def file(self) -> str:
        return f"{self.name}.zip"


def _place(source: str | Path | None) -> str | Path | None:
    """An http(s) address as it is, anything else as an absolute path."""
    if source is None or not str(source):
        return None
    scheme = urlsplit(str(source)).scheme
    if scheme in ("http", "https"):
        return str(source)
    if "://" in str(source):
        raise ValueError(f"{source} is neither a path nor an http(s) address")
    return Path(source).expanduser().absolute()


def _digest(md5: str) -> str:
    digest = md5.lower().removeprefix("md5:")
    if digest and not re.fullmatch(r"[0-9a-f]{32}", digest):
        raise ValueError(f"an md5 has 32 hexadecimal digits, which {md5!r} has not")
    return digest


def _remedy(name: str, directory: Path) -> str:
    place = shlex.quote(str(directory))
    return (
        "Check the network and call again, which goes on with what has arrived; or take it from a"
        f" copy: bin/install-dataset.sh {name} --dir {place} --from PATH_OR_URL; or make the same"
        f" family here: bin/install-dataset.sh {name} --dir {place} --generate, or in Python"
        f" kac_prediction.pipeline.generate_family({name!r}, {str(directory)!r})"
    )


def _published_before(directory: Path, name: str) -> bool:
    """Is the dataset in its place, and was only the hidden folder left to be removed?

    Raises:
        DatasetError, FileExistsError: something else is there.
    """
    target = DatasetDirectory(directory)
    complete = directory / _STAGING / name / "complete"
    if target.holds_dataset():
        if complete.is_dir() and not (complete / METADATA).exists():
            shutil.rmtree(directory / _STAGING)
            return True
        raise FileExistsError(f"{directory} holds a dataset already: name another directory")
    if not complete.is_dir():  # else it may be that some of its files are in their place
        target.refuse_foreign_files()
    return False


def _install(wanted: _Wanted, directory: Path) -> None:
    if directory.is_dir() and _published_before(directory, wanted.name):
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
        _tidy(staging)
    shutil.rmtree(directory / _STAGING, ignore_errors=True)


def _tidy(staging: Path) -> None:
    """Remove the staging folder if there is nothing in it to go on with."""
    arrived = [
        entry
        for entry in (staging.iterdir() if staging.is_dir() else ())
        if entry.is_dir() or (entry.suffix in (".zip", ".part") and entry.stat().st_size)
    ]
    if not arrived:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # another dataset's may be there
            staging.parent.rmdir()


def _prepare(wanted: _Wanted, staging: Path) -> None:
    """Bring the dataset into the staging folder, unpacked and converted."""
    _begin(wanted, staging)
    unpacking, unpacked = staging / "unpacking", staging / "unpacked"
    if not unpacked.is_dir():
        shutil.rmtree(unpacking, ignore_errors=True)
        found = _bring(wanted, staging)
        limits = Limits.of(PUBLISHED_DATASETS[wanted.name])
        try:
            copy(found, unpacking, limits) if found.is_dir() else unpack(found, unpacking, limits)
        except BaseException:  # it would only be in the way, of a full disk above all
            shutil.rmtree(unpacking, ignore_errors=True)
            raise
        unpacking.rename(unpacked)
    (staging / wanted.file).unlink(missing_ok=True)
    _open(wanted.name, unpacked)
    unpacked.rename(staging / "complete")


def _begin(wanted: _Wanted, staging: Path) -> None:
    """Keep what an earlier call left, if it wanted the same; else begin anew."""
    note, content = staging / "source", f"{wanted.source or 'record'}\n{wanted.md5}\n"
    if not note.is_file() or note.read_text() != content:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        note.write_text(content)


def _bring(wanted: _Wanted, staging: Path) -> Path:
    """The archive, in the staging folder or where a user has it; or a directory to copy."""
    archive, source = staging / wanted.file, wanted.source
    if archive.is_file():
        return archive
    if isinstance(source, Path):
        return _local(wanted, source)
    if source is None:
        record = ask_record(PUBLISHED_DATASETS[wanted.name].doi, wanted.file)
        address = Address(record.url, wanted.md5 or record.md5)
    else:
        path = urlsplit(source).path
        folder = wanted.file not in path and not path.endswith(".zip")
        url = f"{source.rstrip('/')}/{wanted.file}" if folder else source
        address = Address(url, _expected_md5(wanted, url))
    logger.info("downloading %s from %s", wanted.name, address.url)
    fetch(address, archive, Limits.of(PUBLISHED_DATASETS[wanted.name]).total)
    return archive


def _local(wanted: _Wanted, source: Path) -> Path:
    """The verified archive that a path means, or a directory in which one was unpacked."""
    archive = source / wanted.file if source.is_dir() else source
    if archive.is_file():
        expected = _expected_md5(wanted, str(archive))
        found = md5_of(archive) if expected else ""
        if found != expected:
            raise ValueError(
                f"{archive} has the md5 {found} where {expected} was expected: it is another file,"
                " or damaged. If you trust it, say so by giving its own md5"
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


def _expected_md5(wanted: _Wanted, place: str) -> str:
    """The md5 that was given, else the record's, else none, with a warning."""
    if wanted.md5:
        return wanted.md5
    try:
        return ask_record(PUBLISHED_DATASETS[wanted.name].doi, wanted.file, attempts=1).md5
    except (ConnectionError, ValueError) as error:
        logger.warning("%s is not verified, since no md5 is known (give it): %s", place, error)
        return ""


def _open(name: Datasets, unpacked: Path) -> None:
    """Convert a dataset, and check that it is the one of this name."""
    dataset, family = loadDataset(str(unpacked)), PUBLISHED_DATASETS[name]
    if dataset.sampler["name"] != family.sampler_name:
        raise ValueError(
            f"what was taken for {name} was made by {dataset.sampler['name']}, not by"
            f" {family.sampler_name}: it is another dataset"
        )
    sounds = sum(1 for _ in unpacked.glob("sample_*.wav"))
    for what, count, expected in (
        ("samples", len(dataset), family.size),
        ("sounds, which transforming it needs", sounds, len(dataset)),
    ):
        if count != expected:
            logger.warning("%s holds %d %s; expected were %d", name, count, what, expected)


def _publish(complete: Path, directory: Path) -> None:
    """Move the files to their place, metadata.json last: with it, there is a dataset.

    Raises:
        FileExistsError: a file is in the way; nothing was moved.
    """
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
