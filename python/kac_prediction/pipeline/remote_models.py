"""Checkpoints at an address: downloaded once, whole or not at all."""

import hashlib
import logging
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import pooch

from .checkpoint import read_checkpoint
from .installing.fetching import Address, fetch

logger = logging.getLogger(__name__)

LARGEST = 10**10  # bytes; CRePE 'full' in float64, with the state of its optimiser, has 5e8


def is_address(path: str | Path) -> bool:
    """Whether this is an address rather than a path."""
    return isinstance(path, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", path) is not None


def fetch_checkpoint(url: str, sha256: str | None = None) -> Path:
    """Download a checkpoint, unless it was downloaded before.

    What arrives is kept once it is whole, has the sha256, and can be read as a checkpoint; nothing
    else is. The copy is used from then on, without asking the server.

    Args:
        url: an https address; http too where the sha256 is given, as anybody on the way could
            else have exchanged the file.
        sha256: of the file, hexadecimal; None: it is not compared.

    Returns:
        The copy, in the user's folder for caches.

    Raises:
        ConnectionError: the address cannot be reached, and there is no copy.
        ValueError: it is an address of another kind, or what arrived is no checkpoint, or one of
            another sha256.
    """
    _check_scheme(url, sha256)
    copy = _place(url)
    if copy.is_file() and (sha256 is None or _sha256(copy) == digest(sha256)):
        logger.info("%s: taking the copy in %s", url, copy)
        return copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copy.parent, prefix=".arriving-") as folder:
        arrived = Path(folder) / copy.name
        try:
            fetch(Address(url), arrived, LARGEST)
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}. Check the address and the network and call again, or bring the file here"
                " by other means and give loadModel its path"
            ) from error
        check_sha256(arrived, sha256, url)
        try:
            read_checkpoint(arrived)
        except ValueError as error:
            raise ValueError(
                f"what {url} sent is no checkpoint, and was not kept: {error.__cause__ or error}"
            ) from error
        arrived.replace(copy)
    logger.info("%s: kept in %s", url, copy)
    return copy


def check_sha256(file: Path, sha256: str | None, name: str = "") -> None:
    """Raise ValueError if a file has not this sha256; None: any will do.

    Args:
        file: the file.
        sha256: hexadecimal.
        name: what the message calls the file; '': its path.
    """
    if sha256 is None:
        return
    found = _sha256(file)
    if found != digest(sha256):
        raise ValueError(
            f"{name or file} has the sha256 {found} where {sha256} was expected: it is another "
            "file, or damaged. If you trust it, give its own sha256"
        )


def digest(sha256: str) -> str:
    """A sha256 as hexadecimal digits in lower case.

    Raises:
        ValueError: it has not 64 of them.
    """
    plain = sha256.lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError(f"a sha256 has 64 hexadecimal digits, which {sha256!r} has not")
    return plain


def _check_scheme(url: str, sha256: str | None) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in ("http", "https"):
        raise ValueError(f"{url} is neither a path nor an https address")
    if scheme == "http" and sha256 is None:
        raise ValueError(
            f"{url} is not protected against a change on the way: give its https address, or the "
            "file's sha256"
        )
    if sha256 is not None:
        digest(sha256)


def _sha256(file: Path) -> str:
    return str(pooch.file_hash(str(file), alg="sha256"))


def _place(url: str) -> Path:
    """Where the copy of an address is kept: under a name that one can recognise."""
    name = re.sub(r"[^\w.-]", "_", unquote(urlsplit(url).path).rpartition("/")[2])
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Path(pooch.os_cache("kac_prediction")) / "models" / f"{key}-{name[-60:] or 'model'}"
