"""Downloads that continue after a cut connection, are verified, and have a limited size."""

import errno
import logging
import re
import shutil
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

import pooch
import requests
from pooch.downloaders import doi_to_repository

from ... import __version__
from ..._progress import ProgressBar, progress_bar

logger = logging.getLogger(__name__)

ATTEMPTS = 4
_PAUSE = 1.0  # seconds before the second attempt, twice that before the third, and so on
_LONGEST_PAUSE = 60.0  # whatever a server asks for
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
_REDIRECTS = 10
_CHUNK = 2**15  # bytes that are lost of a connection that is cut
_HEADERS = {"User-Agent": f"kac_prediction/{__version__}", "Accept-Encoding": "identity"}
# Refusals below 500 that may pass. After 416, a range that does not fit, all is requested anew.
_TRANSIENT = {408, 416, 425, 429}
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


def ask_record(doi: str, file: str, attempts: int = ATTEMPTS) -> tuple[str, str]:
    """Return the address and the md5 of a file in the record of a DOI.

    Raises:
        ConnectionError: the record cannot be reached or read.
        ValueError: it has no such file, or no md5 of it.
    """
    for failures in count(1):
        try:
            repository = doi_to_repository(doi, headers=_HEADERS, timeout=_TIMEOUT)
            listed = pooch.create(path=Path(), base_url="")
            repository.populate_registry(listed)
            if not listed.registry:
                raise ConnectionError("it lists no files")
            url = repository.download_url(file) if file in listed.registry else ""
            break
        # A busy server may answer with a page, or with less than a record: pooch stumbles over it.
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            _pause(f"the record doi:{doi} could not be read", error, failures, attempts)
    if not url:
        raise ValueError(f"the record doi:{doi} holds no {file}")
    algorithm, _, digest = listed.registry[file].rpartition(":")
    if algorithm != "md5":
        raise ValueError(f"the record doi:{doi} gives no md5 of {file}, but {algorithm}:{digest}")
    return url, digest.lower()


def fetch(url: str, target: Path, limit: int, md5: str = "") -> None:
    """Download a file of at most `limit` bytes, continuing what an earlier call has left of it.

    What has arrived lies beside it, in NAME.part; the file has its name once it is whole and
    verified. After a cut connection or a busy server it is tried again, as long as more arrives.

    Raises:
        ConnectionError: it cannot be reached.
        OSError: the disk is too small.
        ValueError: it is larger than the limit, has another md5 ('': not known), or is at an https
            address that leads to an http one.
    """
    part = target.with_name(f"{target.name}.part")
    version = target.with_name(f"{target.name}.version")
    shown = public(url)
    for _ in range(2):  # should the part of an earlier call be wrong, all of it is fetched
        with (
            part.open("ab") as file,
            progress_bar(desc="downloading", unit="B", unit_scale=True) as bar,
        ):
            failures, longest = 0, file.tell()
            while True:
                try:
                    _request(url, file, version, limit, bool(md5), bar)
                    break
                except OSError as error:
                    of_network = isinstance(error, ConnectionError | TimeoutError)
                    if error.errno is not None and not of_network:  # the disk's
                        raise
                    arrived = file.seek(0, 2)
                    failures = 1 if arrived > longest else failures + 1
                    longest = max(longest, arrived)
                    _pause(f"{shown} could not be downloaded", error, failures, ATTEMPTS)
        found = pooch.file_hash(str(part), alg="md5") if md5 else ""
        if found == md5:
            part.replace(target)
            version.unlink(missing_ok=True)
            return
        part.unlink()
        logger.warning("%s arrived with the md5 %s, not %s", shown, found, md5)
    raise ValueError(
        f"{shown} has the md5 {found} where {md5} was expected: it is another file,"
        " or damaged; nothing of it was kept"
    )


def public(url: str) -> str:
    """Return an address without the name and the password that it may hold."""
    return re.sub(r"(?<=://)[^/?#]*@", "", url)


def hexadecimal(digest: str, algorithm: str) -> str:
    """Return an md5 or sha256 in lower case; raise ValueError for another text."""
    digits = digest.lower().removeprefix(f"{algorithm}:")
    count = {"md5": 32, "sha256": 64}[algorithm]
    if not re.fullmatch(f"[0-9a-f]{{{count}}}", digits):
        raise ValueError(f"{algorithm} must have {count} hexadecimal digits, got {digest!r}")
    return digits


def check_digest(file: Path, expected: str, algorithm: str) -> None:
    """Raise ValueError if a file has another md5 or sha256, or the text is none."""
    found = pooch.file_hash(str(file), alg=algorithm)
    if found != hexadecimal(expected, algorithm):
        raise ValueError(
            f"{file} has the {algorithm} {found} where {expected} was expected: it is another"
            f" file, or damaged. If you trust it, give its own {algorithm}"
        )


def require_space(directory: Path, needed: int, what: str) -> None:
    """Raise OSError (ENOSPC), which says how much is needed, if a disk has less space."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"{what} needs {needed / 1e9:.2f} GB, but the disk of {directory} has {free / 1e9:.2f}"
            " GB left: make room and call again, or name another directory",
        )


def _request(
    url: str, file: IO[bytes], version: Path, limit: int, verified: bool, bar: ProgressBar
) -> None:
    """Request the bytes after those that a file has, and append them."""
    # What the server gave for the first bytes (ETag or date) tells whether the rest belongs to
    # them. Without it, only verifying the whole will.
    of_version = version.read_text() if version.exists() else ""
    if not (of_version or verified):
        file.truncate(0)
    size = file.seek(0, 2)
    headers = dict(_HEADERS)
    if size:
        headers["Range"] = f"bytes={size}-"
        headers |= {"If-Range": of_version} if of_version else {}
    with _get(url, headers) as response:
        total = _start(response, file, size, version)
        if response.status_code == 416:  # nothing is missing
            return
        size = file.tell()
        require_space(version.parent, min(total or size, limit) - size, "the archive")
        bar.total, bar.n = total, size
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if max(total or 0, size) > limit:
                file.truncate(0)
                raise ValueError(
                    f"the archive has {total or size} or more bytes where at most {limit} were"
                    " expected of such a dataset: it is something else, and nothing of it was kept"
                )
            file.write(chunk)
            bar.update(len(chunk))
    if total not in (None, size):
        raise ConnectionError(f"cut after {size} of {total} bytes")


def _get(url: str, headers: Mapping[str, str]) -> requests.Response:
    """Request an address, and those that it leads to, but none that is less protected.

    Name and password are sent apart from it, so that no error or log shows them.
    """
    parts = urlsplit(url)
    given = [unquote(each or "") for each in (parts.username, parts.password)]
    auth = (given[0], given[1]) if any(given) else None
    for _ in range(_REDIRECTS):
        response = requests.get(
            public(url),
            headers=headers,
            auth=auth,
            stream=True,
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        if not response.is_redirect:
            return response
        response.close()
        following = urljoin(public(url), response.headers["Location"])
        if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
            raise ValueError(
                f"{public(url)} leads to {public(following)}, where anybody on the way could"
                " exchange the file: it is not taken from there"
            )
        if requests.Session().should_strip_auth(public(url), following):  # another server's
            auth = None
        url = following
    raise ConnectionError(f"it leads to other addresses {_REDIRECTS} times")


def _start(response: Any, file: IO[bytes], size: int, version: Path) -> int | None:
    """Make a file ready for the bytes of a response; return its size to be, where that is known."""
    status = response.status_code
    place = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    fits = place is not None and int(place[1] or size) == size
    if status == 200:
        file.truncate(0)
        file.seek(0)
        tag = response.headers.get("ETag", "")
        if not tag or tag.startswith("W/"):  # If-Range takes no weak ones
            tag = response.headers.get("Last-Modified", "")
        version.write_text(tag)
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None
    if place is not None and fits and (status == 206 or int(place[2]) == size):
        return int(place[2])
    if status in (206, 416):
        file.truncate(0)
    response.raise_for_status()
    raise ConnectionError(f"the server sent another part than was requested (status {status})")


def _pause(failure: str, error: Exception, failures: int, attempts: int) -> None:
    """Wait after a failure, longer each time; raise ConnectionError for the last of `attempts`."""
    response = getattr(error, "response", None)
    status = 500 if response is None else response.status_code
    if failures >= attempts or (status < 500 and status not in _TRANSIENT):
        raise ConnectionError(f"{failure}: {str(error) or type(error).__name__}") from error
    pause = _PAUSE * 2 ** (failures - 1)
    wanted = "" if response is None else response.headers.get("Retry-After", "")
    if wanted.isdecimal():
        pause = min(max(pause, float(wanted)), _LONGEST_PAUSE)
    reason = type(error).__name__ if response is None else f"status {status}"
    logger.info("%s (%s): trying again in %g s", failure, reason, pause)
    time.sleep(pause)
