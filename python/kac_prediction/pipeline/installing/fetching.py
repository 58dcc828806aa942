"""Fetching the archive of a published dataset: its record, and a download that goes on."""

import errno
import logging
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pooch
from pooch.downloaders import doi_to_repository
from tqdm import tqdm

from ... import __version__

logger = logging.getLogger(__name__)

ATTEMPTS = 4
_PAUSE = 1.0  # seconds before the second attempt, twice that before the third, and so on
_LONGEST_PAUSE = 60.0  # whatever a server asks for
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
_CHUNK = 2**15  # what is lost of a connection that is cut
_HEADERS = {"User-Agent": f"kac_prediction/{__version__}", "Accept-Encoding": "identity"}
# Of the answers that say no, those that may be another one in a while. 416, a part that does not
# fit the file, has let the part be dropped.
_PASSING = {408, 416, 425, 429}
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Address:
    """Where an archive is, and what it must be.

    Attributes:
        url: its http address.
        md5: its md5, hexadecimal; '': not known.
    """

    url: str
    md5: str = ""


def ask_record(doi: str, file: str, attempts: int = ATTEMPTS) -> Address:
    """Ask the record of a DOI for one of its files.

    Raises:
        ConnectionError: the record cannot be reached or read.
        ValueError: it has no such file, or no md5 of it.
    """

    def ask() -> tuple[str, str | None]:
        repository = doi_to_repository(doi, headers=_HEADERS, timeout=_TIMEOUT)
        listed = pooch.create(path=Path(), base_url="")
        repository.populate_registry(listed)
        if not listed.registry:
            raise ConnectionError("it lists no files")
        known = listed.registry.get(file)
        return ("", None) if known is None else (repository.download_url(file), known)

    patience = _Patience(f"the record doi:{doi} could not be read", attempts)
    url, known = _until_answered(ask, patience)
    if known is None:
        raise ValueError(f"the record doi:{doi} holds no {file}")
    algorithm, _, digest = known.rpartition(":")
    if algorithm != "md5":
        raise ValueError(f"the record doi:{doi} gives no md5 of {file}, but {known!r}")
    return Address(url, digest.lower())


def fetch(address: Address, archive: Path, limit: int) -> None:
    """Download an archive, going on with what is there of it from an earlier call.

    What has arrived stands in a file beside it; the archive has its name once it is whole and
    verified, never before. A connection that is cut, or a server that is busy, is tried again, as
    long as more of the archive arrives.

    Args:
        address: where it is.
        archive: path of the file to be.
        limit: bytes that it may have at most.

    Raises:
        ConnectionError: it cannot be reached.
        OSError: the disk is too small.
        ValueError: it is larger than the limit, or what arrives is not what the md5 says.
    """
    for _ in range(2):  # should the part of an earlier call be wrong, all of it is fetched
        with _Part(archive, address, limit) as part:
            _download(address.url, part)
        found = md5_of(part.path) if address.md5 else ""
        if found == address.md5:
            part.path.replace(archive)
            part.note.unlink(missing_ok=True)
            return
        part.path.unlink()
        logger.warning("%s arrived with the md5 %s, not %s", address.url, found, address.md5)
    raise ValueError(
        f"{address.url} has the md5 {found} where {address.md5} was expected: it is another file,"
        " or damaged; nothing of it was kept"
    )


def md5_of(path: Path) -> str:
    """The md5 of a file, hexadecimal."""
    return str(pooch.file_hash(str(path), alg="md5"))


def require_space(directory: Path, needed: int, what: str) -> None:
    """Raise OSError (ENOSPC), which says how much is needed, if a disk has less space."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"{what} needs {needed / 1e9:.2f} GB, but the disk of {directory} has {free / 1e9:.2f}"
            " GB left: make room and call again, or name another directory",
        )


class _Patience:
    """How often something may fail in a row, and how long to wait in between."""

    def __init__(self, failure: str, attempts: int) -> None:
        self._failure, self._attempts, self._failed = failure, attempts, 0

    def renew(self) -> None:
        """Begin to count again."""
        self._failed = 0

    def wait(self, error: Exception) -> None:
        """Wait after a failure.

        Raises:
            ConnectionError: it failed too often, or for good.
        """
        response = getattr(error, "response", None)
        status = 500 if response is None else response.status_code
        self._failed += 1
        if self._failed >= self._attempts or (status < 500 and status not in _PASSING):
            reason = str(error) or type(error).__name__
            raise ConnectionError(f"{self._failure}: {reason}") from error
        pause = _PAUSE * 2 ** (self._failed - 1)
        asked = "" if response is None else response.headers.get("Retry-After", "")
        if asked.isdecimal():
            pause = min(max(pause, float(asked)), _LONGEST_PAUSE)
        reason = type(error).__name__ if response is None else f"status {status}"
        logger.info("%s (%s): trying again in %g s", self._failure, reason, pause)
        time.sleep(pause)


def _until_answered(ask: Callable[[], _Answer], patience: _Patience) -> _Answer:
    while True:
        try:
            return ask()
        # A busy server may answer with a page, or with less than a record: pooch stumbles over it.
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            patience.wait(error)


def _download(url: str, part: "_Part") -> None:
    """Let a part become whole."""
    patience = _Patience(f"{url} could not be downloaded", ATTEMPTS)
    longest = part.size
    while True:
        try:
            part.go_on(url)
            return
        except OSError as error:
            # Failures of the network have no number; what has one is the disk's.
            if error.errno is not None and not isinstance(error, ConnectionError | TimeoutError):
                raise
            reason = error
        if part.size > longest:
            longest = part.size
            patience.renew()
        patience.wait(reason)


class _Part:
    """What has arrived of an archive: the file that a downloader writes on to.

    Attributes:
        path: the file.
        note: path of the server's word on which version it is a part of (ETag or date).
        size: its bytes.
    """

    def __init__(self, archive: Path, address: Address, limit: int) -> None:
        self.path = archive.with_name(f"{archive.name}.part")
        self.note = archive.with_name(f"{archive.name}.version")
        self._verified, self._limit = bool(address.md5), limit
        self._file = self.path.open("ab")
        self.size = self._file.tell()
        self._expected: int | None = None
        self._response: Any = None
        self._bar: tqdm[Any] = tqdm(
            desc="downloading", unit="B", unit_scale=True, initial=self.size, disable=None
        )

    def go_on(self, url: str) -> None:
        """Ask a server for what is missing, and add it.

        Raises:
            OSError: the server cannot be reached, or the connection was cut.
            ValueError: the archive is too large.
        """
        version = self.note.read_text() if self.note.exists() else ""
        if not (version or self._verified):  # what is there may be of another file by now
            self._drop()
        self._expected = None
        headers = dict(_HEADERS)
        if self.size:
            headers["Range"] = f"bytes={self.size}-"
            headers |= {"If-Range": version} if version else {}
        get = pooch.HTTPDownloader(
            chunk_size=_CHUNK, headers=headers, timeout=_TIMEOUT, hooks={"response": self._answered}
        )
        try:
            get(url, self, None)
        except OSError:
            if self.size != self._expected:  # else there was nothing left to send
                raise
        finally:
            if self._response is not None:
                self._response.close()
        if self._expected not in (None, self.size):
            raise ConnectionError(f"cut after {self.size} of {self._expected} bytes")

    def write(self, chunk: bytes) -> None:
        """Add what arrived."""
        if self.size + len(chunk) > self._limit:
            self._refuse(f"more than {self.size}")
        self._file.write(chunk)
        self.size += len(chunk)
        self._bar.update(len(chunk))

    def flush(self) -> None:
        """Let the file have what was added."""
        self._file.flush()

    def _answered(self, response: Any, **_: Any) -> None:
        """Prepare for what a server is about to send."""
        self._response = response
        if response.is_redirect or response.status_code not in (200, 206, 416):
            return
        place = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code == 200:
            self._drop()
            length = response.headers.get("Content-Length", "")
            self._expected = int(length) if length.isdecimal() else None
            self._keep_version(response.headers)
        elif place is not None and int(place[1] or self.size) == self.size:
            self._expected = int(place[2])
        if response.status_code == 416 and self._expected != self.size:
            self._drop()
        elif response.status_code == 206 and self._expected is None:
            self._drop()
            raise ConnectionError("the server sent another part than it was asked for")
        if self._expected is not None:
            self._make_room(self._expected)

    def _make_room(self, expected: int) -> None:
        if expected > self._limit:
            self._refuse(str(expected))
        self._bar.total = expected
        require_space(self.path.parent, expected - self.size, "the archive")

    def _keep_version(self, headers: Any) -> None:
        version = headers.get("ETag", "")
        if not version or version.startswith("W/"):  # weak ones are of no use to If-Range
            version = headers.get("Last-Modified", "")
        self.note.write_text(version)

    def _refuse(self, size: str) -> None:
        self._drop()
        raise ValueError(
            f"the archive has {size} bytes where at most {self._limit} were expected of such a"
            " dataset: it is something else, and nothing of it was kept"
        )

    def _drop(self) -> None:
        self._file.truncate(0)
        self.size = 0
        self._bar.reset()

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        self._file.close()
