"""Checkpoints at an https address: downloaded once, whole or not at all."""

import hashlib
import logging
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import pooch

from .checkpoint import read_checkpoint
from .datasets.download import check_digest, fetch, hexadecimal

logger = logging.getLogger(__name__)

_LARGEST = 10**10  # bytes; CRePE 'full' in float64, with the state of its optimiser, has 5e8


def fetch_checkpoint(url: str, sha256: str | None = None) -> Path:
    """Download a checkpoint, unless it was downloaded before.

    What arrives is kept, in the user's folder for caches, once it is whole, has the sha256, and can
    be read as a checkpoint. Later calls use it without asking the server. An http address needs the
    sha256, as anybody on the way could else have exchanged the file.

    Raises:
        ConnectionError: the address cannot be reached, and there is no copy.
        ValueError: another kind of address; or what arrived is no checkpoint, or another one.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url} is neither a path nor an https address")
    if parts.scheme == "http" and sha256 is None:
        raise ValueError(
            f"{url} is not protected against a change on the way: give its https address, or the "
            "file's sha256"
        )
    expected = None if sha256 is None else hexadecimal(sha256, "sha256")
    name = re.sub(r"[^\w.-]", "_", unquote(parts.path).rpartition("/")[2])[-60:] or "model"
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    copy = Path(pooch.os_cache("kac_prediction")) / "models" / f"{key}-{name}"
    if copy.is_file() and (expected is None or pooch.file_hash(str(copy)) == expected):
        logger.info("%s: taking the copy in %s", url, copy)
        return copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copy.parent, prefix=".arriving-") as folder:
        arrived = Path(folder) / copy.name
        try:
            fetch(url, arrived, _LARGEST)
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}. Check the address and the network and call again, or bring the file here"
                " by other means and give loadModel its path"
            ) from error
        try:
            if expected is not None:
                check_digest(arrived, expected, "sha256")
            read_checkpoint(arrived)
        except ValueError as error:
            reason = str(error).replace(str(arrived), url)
            raise ValueError(f"{reason}. Nothing of it was kept") from None
        arrived.replace(copy)
    logger.info("%s: kept in %s", url, copy)
    return copy
