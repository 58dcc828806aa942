"""What a library changes for the whole process, put back."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def undisturbed(package: str, *variables: str) -> Iterator[None]:
    """Leave the process as it was, whatever a package does to it meanwhile.

    Put back are `sys.exit` and `sys.excepthook` if they are the package's at the end, the import
    hooks of the package that are new, and some environment variables.

    Args:
        package: the top name of the package.
        variables: names of environment variables that are its own business.
    """
    hooks = {name: getattr(sys, name) for name in ("exit", "excepthook")}
    environment = {name: os.environ.get(name) for name in variables}
    finders = list(sys.meta_path)
    try:
        yield
    finally:
        for name, hook in hooks.items():
            if _is_of(package, getattr(sys, name)):
                setattr(sys, name, hook)
        for finder in list(sys.meta_path):
            if finder not in finders and _is_of(package, finder):
                sys.meta_path.remove(finder)
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _is_of(package: str, thing: Any) -> bool:
    """Whether an object, or the object a method belongs to, is of a class of the package."""
    owner = getattr(thing, "__self__", thing)
    return type(owner).__module__.partition(".")[0] == package
