"""Public names that a package imports when they are first used (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package.

    Its `__init__` has the same imports under `if TYPE_CHECKING`, for type checkers and editors. A
    name that one of the package's modules has too is imported at once instead: an import of the
    module would put the module in its place.

    Args:
        package: `__name__` of the package.
        modules: for each module of the package its public names, separated by spaces.
    """
    homes = {name: module for module, names in modules.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{homes[name]}")
        for each in modules[homes[name]].split():  # found without this function from now on
            setattr(sys.modules[package], each, getattr(module, each))
        return getattr(module, name)

    return load, lambda: sorted({*vars(sys.modules[package]), *homes})
