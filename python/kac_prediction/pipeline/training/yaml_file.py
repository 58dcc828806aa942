"""Reading a yaml file: without running code, and within bounds of size, depth and time."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from ..._checks import shorten

_LARGEST: Final = 2**15  # bytes; the parser takes about a second for them
_DEEPEST: Final = 20  # levels of lists and mappings
_MERGE: Final = "tag:yaml.org,2002:merge"


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read the mapping of a yaml file, which may be empty and may hold `!!python/tuple [..]`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is larger than 32 KiB, no yaml, or no mapping at its top; or it has a key
            twice, an alias (`*name`), which may stand for any amount, or more than 20 levels.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no yaml file {str(path)!r}")
    with file.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"{path} has more than {_LARGEST} bytes: give a file of parameters alone")
    try:
        # Decoded here: a reader of bytes would take UTF-16, too.
        values = yaml.load(content.decode(), Loader=_Loader)
    except Exception as error:  # whatever its constructors make of odd dates, digits and tags
        reason = shorten(str(error) or type(error).__name__)
        raise ValueError(f"{path} is not a yaml file that can be read: {reason}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ValueError(
            f"{path} must be a mapping, lines of 'name: value', not a {type(values).__name__}"
        )
    return {str(key): value for key, value in values.items()}


class _Loader(yaml.SafeLoader):
    """Safe yaml, with tuples, and with numbers such as 1e-3, which YAML 1.1 takes for text."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; refuse an alias, and what is nested too deeply."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError(f"an alias is not taken, write the value out;{mark}")
        if self.depth >= _DEEPEST:
            raise yaml.YAMLError(f"more than {_DEEPEST} levels are not taken;{mark}")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping; refuse a key that it has twice, one of which would be lost."""
        keys = set()
        for key, _ in node.value:
            # A key that cannot be hashed is refused below, and what `<<` brings may be overridden.
            name = self.construct_object(key, deep=True) if key.tag != _MERGE else key
            if isinstance(name, Hashable) and name in keys:
                raise yaml.YAMLError(f"the key {name!s:.100} is there twice;{key.start_mark}")
            keys.add(name if isinstance(name, Hashable) else key)
        return super().construct_mapping(node, deep)

    def tuple(self, node: yaml.SequenceNode) -> tuple[Any, ...]:
        """Return what Python's yaml writes of a tuple."""
        return tuple(self.construct_sequence(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:python/tuple", _Loader.tuple)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)
