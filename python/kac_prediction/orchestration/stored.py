"""JSON of scores and kits: versioned, and read as it was written, bit for bit."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from .._checks import MALFORMED, brief, reason

_FORMAT: Final = 1

T = TypeVar("T")


def document(**content: Any) -> str:
    """Return content as JSON with the number of the format; objects by their fields."""
    return json.dumps(
        {"format": _FORMAT, **content}, default=_fields, ensure_ascii=False, allow_nan=False
    )


def read(text: str) -> Mapping[str, Any]:
    """Return the content of such JSON; raise one of MALFORMED for any other."""
    content: Mapping[str, Any] = json.loads(text)
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {brief(content['format'])}, not {_FORMAT}")
    return content


def each(kind: Callable[..., T], name: str, stored: Iterable[Mapping[str, Any]]) -> list[T]:
    """Return an object of each dictionary; raise ValueError that names which is wrong."""
    made = []
    for k, arguments in enumerate(stored):
        try:
            made.append(kind(**arguments))
        except MALFORMED as error:
            raise ValueError(f"{name} {k}: {reason(error)}") from error
    return made


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn what malformed JSON raises in the block into a ValueError that names what it is not."""
    try:
        yield
    except MALFORMED as error:
        raise ValueError(f"this is not the JSON of {what}: {reason(error)}") from error


def _fields(value: Any) -> Any:
    plain: Callable[[], Any] = getattr(value, "plain", lambda: vars(value))
    return plain()
