"""Reading the text of older datasets: token by token, through a window that moves forward."""

import json
import re
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from .layout import DatasetError

_BLOCK = 2**18
_LIMIT = 2**24  # bytes of one value, lists of numbers aside
_DEPTH = 32

_TOKEN = re.compile(
    rb'[ \t\r\n]*("[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^ \t\r\n"\[\]{},:]+)', re.S
)
_SPACE = re.compile(rb"[ \t\r\n]*")
_NUMERIC = b"0123456789+-.eE,[] \t\r\n"
_NAN = re.compile(rb"-?\b(?:nan|NaN)\b")
_STRANGE = re.compile(rb"[^0-9+\-.eE,\[\] \t\r\n]\w*")
_INFINITY = re.compile(rb"\binf\b")
_WORDS = {b"nan": b"NaN", b"-nan": b"NaN", b"inf": b"Infinity", b"-inf": b"-Infinity"}


def parse_numbers(text: bytes) -> npt.NDArray[np.float64]:
    """Turn the text of a list of numbers, or of a list of such lists, into an array.

    Args:
        text: JSON, in which nan and inf may be spelled as Python or as JavaScript does.

    Raises:
        OverflowError: a whole number is beyond float64.
        ValueError: it is not well formed, holds anything but numbers, or its rows differ in length.
    """
    if text.translate(None, _NUMERIC):
        text = _INFINITY.sub(b"Infinity", _NAN.sub(b"NaN", text))
        strange = _STRANGE.search(text.replace(b"NaN", b"").replace(b"Infinity", b""))
        if strange is not None:
            raise ValueError(f"{strange[0][:20]!r} is not part of a number")
    return np.array(json.loads(text), dtype=np.float64)


class Tokens:
    """The tokens of a file of JSON, and of what Python's `repr` makes of numbers.

    However large the file, no more than one value of it is held.

    Attributes:
        path: the file.
        size: its length in bytes.
    """

    def __init__(self, path: Path) -> None:
        """Open a file; a byte order mark is passed over."""
        self.path = path
        self.size = path.stat().st_size
        self._file = path.open("rb")
        self._window = b""
        self._start = 0  # where in the file the window begins
        self._at = 0  # where in the window the next token, or the space before it, begins
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
        if found is None:
            return self._nothing_but_space()
        self._at = found.end()
        return found[1]

    def expect(self, token: bytes) -> None:
        """Read this token; raise DatasetError if there is another one."""
        found = self.next()
        if found != token:
            raise self.unexpected(found, repr(token.decode()))

    def key(self) -> str:
        """Read a key and the colon after it."""
        token = self.next()
        if not token.startswith(b'"'):
            raise self.unexpected(token, "a key")
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
                raise self.unexpected(token, "a value")
            parts.append(_WORDS.get(token, token))
        return self._decode(b" ".join(parts))

    def numbers(self, limit: int) -> npt.NDArray[np.float64]:
        """Read a list of numbers, or a list of such lists, of at most `limit` bytes."""
        self.expect(b"[")
        self._at -= 1
        start = self.position
        text = self._brackets(limit)
        try:
            return parse_numbers(text)
        except (ValueError, OverflowError) as error:
            raise self.damaged(f"the list of numbers is malformed: {error}", start) from error

    def end(self) -> None:
        """Raise DatasetError unless nothing but space is left."""
        token = self.next()
        if token:
            raise self.unexpected(token, "the end of the file")

    def damaged(self, reason: str, position: int | None = None) -> DatasetError:
        """An error that names the file and a place in it; None: the place reached."""
        place = self.position if position is None else position
        return DatasetError(f"{self.path} is damaged at byte {place}: {reason}.")

    def unexpected(self, token: bytes, wanted: str) -> DatasetError:
        """An error that says what stands where something else should, just before `position`."""
        if not token:
            return self.damaged(f"the file ends where {wanted} should stand")
        place = self.position - len(token)
        return self.damaged(f"{token[:20]!r} stands where {wanted} should", place)

    def __enter__(self) -> "Tokens":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _grow(self) -> bool:
        """Drop what has been read and read on, twice as far each time; False at the end."""
        block = self._file.read(max(_BLOCK, len(self._window) - self._at))
        if not block:
            return False
        self._window = self._window[self._at :] + block
        self._start += self._at
        self._at = 0
        return True

    def _brackets(self, limit: int) -> bytes:
        """The text from the bracket that comes next to the one that closes it."""
        depth = length = 0
        while True:
            start = self._at + length
            close = self._window.find(b"]", start)
            stop = close + 1 or len(self._window)
            depth += self._window.count(b"[", start, stop)
            length = stop - self._at
            # A quotation mark: the closing bracket is missing, and this is the key after the list.
            if depth > 2 or length > limit or self._window.find(b'"', start, stop) >= 0:
                raise self.damaged("a list of numbers that begins here is malformed")
            if close >= 0:
                depth -= 1
                if depth == 0:
                    break
            elif not self._grow():
                raise self.damaged("the file ends within the list of numbers that begins here")
        text = self._window[self._at : self._at + length]
        self._at += length
        return text

    def _nothing_but_space(self) -> bytes:
        """Pass over the space at the end; raise DatasetError for half a token."""
        space = _SPACE.match(self._window, self._at)
        self._at = self._at if space is None else space.end()
        if self._at < len(self._window):
            raise self.damaged("the file ends within the text that begins here")
        return b""

    def _decode(self, text: bytes) -> Any:
        try:
            return json.loads(text.decode())
        except ValueError as error:
            raise self.damaged(f"the value that ends here is malformed: {error}") from error
