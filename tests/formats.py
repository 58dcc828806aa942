"""Changing a metadata.json on purpose."""

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path


def edit(directory: Path, change: Callable[[str], str]) -> None:
    """Change the text of a metadata.json, and sign it anew."""
    path = directory / "metadata.json"
    text = re.sub(r'"checksum": \d+}\n$', "", change(path.read_text()))
    path.write_text(f'{text}"checksum": {zlib.crc32(text.encode())}}}\n')


def downgrade(directory: Path) -> None:
    """Bring it to the first format, which had no checksums but that of x, and no shards."""
    path = directory / "metadata.json"
    document = json.loads(path.read_text())
    for key in ("sounds", "shard_size", "checksum"):
        del document[key]
    path.write_text(json.dumps(document | {"format_version": 1}))
    for sound in directory.glob("shard_*/*.wav"):
        sound.rename(directory / sound.name)
