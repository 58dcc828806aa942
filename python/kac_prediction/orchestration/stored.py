"""Scores and kits as JSON, which is read as it was written, bit for bit; scores as CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._checks import MALFORMED, brief, reason
from .._files import replacing, reporting

if TYPE_CHECKING:
    from .score import Score

_FORMAT: Final = 1
_COLUMNS: Final = (
    *("time", "drum", "name", "family", "drum_size", "aspect_ratio", "strike_width"),
    *("location_1", "location_2", "location_3", "level", "decay_time"),
)

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


def write(text: str, path: str | Path, what: str) -> None:
    """Write a text as a file; one that is there is replaced as a whole, or not at all."""
    with reporting(f"writing {what}", path), replacing(Path(path)) as staged:
        staged.write_text(text, encoding="utf-8")


def read_from(path: str | Path, what: str, of_text: Callable[[str], T]) -> T:
    """Return what is made of the text of a file; a ValueError names the file."""
    with reporting(f"reading {what}", path):
        content = Path(path).read_bytes()
    try:
        return of_text(content.decode())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def table(score: "Score") -> str:
    """Return the strikes of a score as CSV with a header."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for strike in score:
        drum = score.drums[strike.drum]
        body = drum.name, drum.family, drum.drum_size, drum.aspect_ratio, drum.struck_over
        location = (*strike.location, "")[:3]
        rows.writerow([strike.time, strike.drum, *body, *location, strike.level, strike.decay_time])
    return text.getvalue()


def _fields(value: Any) -> Any:
    plain: Callable[[], Any] = getattr(value, "plain", lambda: vars(value))
    return plain()
