"""Documents and files that are changed at random, as somebody might who means no good."""

import copy
import json
import os
import random
import zlib
from collections.abc import Iterator
from typing import Any

COUNT = int(os.environ.get("KAC_MUTATIONS", "0"))  # of each kind; 0: a few, for the test suite

_DEEP = "nested deeply"
_VALUES: list[Any] = [
    *(None, True, 0, 1, -1, 2, 0.5, 1e308, -1e308, 5e-324, 2**31, 2**63, 2**64, -(2**63), 10**30),
    *(10**400, float("nan"), float("inf"), "", "1", "../x", "x" * 10_000, "\x00", "\ud800", _DEEP),
    *([], {}, [[]], [0], [[0], [0, 0]], ["x"], [None], {"": 0}, {"float": "nan"}, {"y": {}}),
    [1] * 10_000,
]


def many(count: int) -> int:
    """Return how many mutations to try, where the test suite tries `count`."""
    return COUNT or count


def changed_documents(document: Any, count: int, seed: int) -> Iterator[str]:
    """Yield the JSON of a document with one to three values replaced, removed or repeated."""
    numbers = random.Random(seed)
    for _ in range(many(count)):
        changed = copy.deepcopy(document)
        for _ in range(numbers.choice([1, 1, 2, 3])):
            _change(changed, numbers)
        text = json.dumps(changed)
        yield text.replace(json.dumps(_DEEP), "[" * 5000 + "]" * 5000)


def changed_bytes(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield a file with some bytes replaced, or a piece of it removed, repeated or inserted."""
    numbers = random.Random(seed)
    for _ in range(many(count)):
        changed = bytearray(content)
        for _ in range(numbers.choice([1, 1, 2, 4])):
            at, length = numbers.randrange(len(content)), numbers.choice([1, 1, 2, 4, 8])
            match numbers.randrange(6):
                case 0:
                    del changed[at : at + length]
                case 1:
                    changed[at:at] = changed[at : at + 8 * length]
                case 2:
                    changed[at : at + length] = bytes(length)
                case 3:
                    changed[at : at + length] = b"\xff" * length
                case _:
                    changed[at : at + 1] = bytes([numbers.randrange(256)])
        yield bytes(changed)


def sealed(content: bytes) -> bytes:
    """Return a line with its checksum, as plans, records and journals have it."""
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _change(document: Any, numbers: random.Random) -> None:
    places = [*_places(document)]
    if not places:
        return
    holder, key = numbers.choice(places)
    match numbers.randrange(8):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 1:
            holder[f"{key}_"] = holder[key]
        case 2:  # what another place holds
            other, there = numbers.choice(places)
            holder[key] = copy.deepcopy(other[there])
        case _:
            holder[key] = copy.deepcopy(numbers.choice(_VALUES))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place within a document: what holds it, and its key or index."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
