"""Reads the .wandb file of a run: protobuf messages in the framing of a LevelDB log.

A file header of 7 bytes, then blocks of 32 KiB (the first includes that header), each filled with
chunks: CRC-32 of type and data (4 bytes), length (2), type (1), data, little-endian. A message is
one chunk of type 1, or chunks of the types 2 (first), 3 (middle) and 4 (last). No chunk header is
split: up to 6 bytes at the end of a block are zeros.
Source: https://github.com/google/leveldb/blob/main/doc/log_format.md
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE_HEADER = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
BLOCK = 32 * 1024
CHUNK = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def chunks(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and data of every chunk, its checksum verified."""
    assert content.startswith(FILE_HEADER)
    place = len(FILE_HEADER)
    while place < len(content):
        left = BLOCK - place % BLOCK
        if left < CHUNK.size:
            assert not any(content[place : place + left])
            place += left
            continue
        checksum, length, kind = CHUNK.unpack_from(content, place)
        place += CHUNK.size
        data = content[place : place + length]
        assert len(data) == length
        assert checksum == zlib.crc32(data, zlib.crc32(bytes([kind])))
        yield kind, data
        place += length


def messages(content: bytes) -> Iterator[bytes]:
    """Whole messages, put together again."""
    parts: list[bytes] = []
    for kind, data in chunks(content):
        assert (kind in (FULL, FIRST)) == (not parts)
        parts.append(data)
        if kind in (FULL, LAST):
            yield b"".join(parts)
            parts = []
    assert not parts


class Journal:
    """What a run has written down.

    Attributes:
        config: the parameters.
        history: a row for every step, by the names of its values.
        artifacts: name, type, aliases and files of each.
        exit_code: of the run; None while it goes on.
    """

    def __init__(self, file: Path) -> None:
        from wandb.proto import wandb_internal_pb2

        self.config: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.artifacts: list[dict[str, Any]] = []
        self.exit_code: int | None = None
        self.kinds = [kind for kind, _ in chunks(file.read_bytes())]
        for message in messages(file.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(message)
            self._take(record)

    def _take(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.run_id = record.run.run_id
            self.config |= _values(record.run.config.update)
        elif kind == "config":
            self.config |= _values(record.config.update)
        elif kind == "history":
            self.history.append(_values(record.history.item))
        elif kind == "artifact":
            artifact = record.artifact
            files = {entry.path: entry.size for entry in artifact.manifest.contents}
            about = {"name": artifact.name, "type": artifact.type, "files": files}
            self.artifacts.append({**about, "aliases": list(artifact.aliases)})
        elif kind == "exit":
            self.exit_code = record.exit.exit_code


def _values(items: Any) -> dict[str, Any]:
    """Values by name; those of nested mappings by names with dots."""
    return {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}
