"""Read the text of legacy datasets token by token, through a window that moves forward."""

import json
import math
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ... import _core
from ..storage import DatasetError

_BLOCK = 2**18
_LIMIT = 2**24  # bytes of one value, lists of numbers aside
_DEPTH = 32

_SPACE = b" \t\r\n"
_TOKEN = re.compile(
    rb'[ \t\r\n]*("[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^ \t\r\n"\[\]{},:]+)', re.S
)
_WORDS = {b"nan": b"NaN", b"-nan": b"NaN", b"inf": b"Infinity", b"-inf": b"-Infinity"}


class Tokens(AbstractContextManager["Tokens"]):
    """The tokens of a file of JSON, in which numbers may be written as Python's `repr` does.

    However large the file, no more than one value of it is held in memory.

    Attributes:
        path: the file.
        size: its length in bytes.
    """

    def __init__(self, path: Path) -> None:
        """Open a file; skip a byte order mark."""
        self.path = path
        self.size = path.stat().st_size
        self._file = path.open("rb")
        self._window = b""
        self._start = 0  # offset of the window in the file
        self._at = 0  # offset in the window of the next token, or of the space before it
        self._grow()
        if self._window.startswith(b"\xef\xbb\xbf"):
            self._at = 3

    @property
    def position(self) -> int:
        """Offset in the file of the next token, or of the space before it."""
        return self._start + self._at

    def next(self) -> bytes:
        """Read the next token; b"" at the end of the file."""
        while True:
            found = _TOKEN.match(self._window, self._at)
            # A token that touches the end of the window may go on beyond it.
            if found is not None and found.end() < len(self._window):
                break
            if len(self._window) - self._at > _LIMIT:
                raise self.damaged(f"a token is longer than {_LIMIT} bytes")
            if not self._grow():
                break
        if found is not None:
            self._at = found.end()
            return found[1]
        rest = self._window[self._at :].lstrip(_SPACE)
        self._at = len(self._window) - len(rest)
        if rest:
            raise self.damaged("the file ends within the text that begins here")
        return b""

    def expect(self, *tokens: bytes) -> bytes:
        """Read one of these tokens, of which b"" is the end of the file, and return it."""
        found = self.next()
        if found not in tokens:
            wanted = [repr(each.decode()) if each else "the end of the file" for each in tokens]
            raise self._unexpected(found, " or ".join(wanted))
        return found

    def key(self) -> str:
        """Read a key and the colon after it."""
        token = self.next()
        if not token.startswith(b'"'):
            raise self._unexpected(token, "a key")
        key = self._decode(token)
        self.expect(b":")
        return str(key)

    def value(self) -> Any:
        """Read any value that is not large."""
        parts: list[bytes] = []
        depth = size = 0
        while not parts or depth > 0:
            token = self.next()
            depth += (token in (b"[", b"{")) - (token in (b"]", b"}"))
            size += len(token)
            if not token or depth < 0 or depth > _DEPTH or size > _LIMIT:
                raise self._unexpected(token, "a value")
            parts.append(_WORDS.get(token, token))
        return self._decode(b" ".join(parts))

    def numbers(self, size: int, limit: int) -> npt.NDArray[np.float64]:
        """Read a list of at most `size` numbers in `limit` bytes, or equally long lists of them."""
        self.expect(b"[")
        self._at -= 1
        start = self.position
        # A number and what separates it take two bytes: whatever a header says, no more fit.
        values = np.empty(min(size, max(0, self.size - start) // 2))
        found = _core.NumberList(values, start)
        while True:
            try:
                self._at = found.read(self._window, self._at)
            except ValueError as error:
                raise DatasetError(f"{self.path} is damaged at {error}.") from error
            if found.complete:
                break
            if self._start + len(self._window) - start > limit:
                raise self.damaged(f"a list of numbers is longer than {limit} bytes", start)
            if not self._grow():
                raise self.damaged("the file ends within the list that begins here", start)
        count = math.prod(found.shape)
        if count > len(values):
            raise self.damaged(f"a list of {count} numbers, where {size} are the most", start)
        return values[:count].reshape(found.shape)

    def damaged(self, reason: str, position: int | None = None) -> DatasetError:
        """Return an error that names the file and a place in it; None: the place reached."""
        place = self.position if position is None else position
        return DatasetError(f"{self.path} is damaged at byte {place}: {reason}.")

    def _unexpected(self, token: bytes, wanted: str) -> DatasetError:
        if not token:
            return self.damaged(f"expected {wanted}, got the end of the file")
        place = self.position - len(token)
        return self.damaged(f"expected {wanted}, got {token[:20]!r}", place)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _grow(self) -> bool:
        """Drop what has been read and read on, twice as far each time; False at the end."""
        block = self._file.read(max(_BLOCK, len(self._window) - self._at))
        if block:
            self._window = self._window[self._at :] + block
            self._start += self._at
            self._at = 0
        return bool(block)

    def _decode(self, text: bytes) -> Any:
        try:
            return json.loads(text.decode())
        except ValueError as error:
            raise self.damaged(f"the value that ends here is malformed: {error}") from error
