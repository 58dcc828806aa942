"""Which drum makes this sound? Synthesise drums, make datasets, train a network to hear them.

The public names of all packages are found here too, `kac_prediction.BesselModel` as
`kac_prediction.samplers.BesselModel`. Each is imported when it is first used.
"""

from importlib import import_module
from typing import Any

__version__: str

_PACKAGES = (
    "architecture",
    "dataset",
    "evaluation",
    "exporting",
    "geometry",
    "listening",
    "orchestration",
    "physics",
    "pipeline",
    "plot",
    "routines",
    "samplers",
)


def __getattr__(name: str) -> Any:
    """Look a package, a public name of one, or the version up when it is asked for."""
    if name == "__version__":  # reading it takes longer than all the rest
        from importlib.metadata import version

        return version("kac_prediction")
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    if not name.startswith("_"):
        for package in _PACKAGES:
            module = import_module(f".{package}", __name__)
            if name in module.__all__:
                return globals().setdefault(name, getattr(module, name))
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message, name=name, obj=import_module(__name__))


def __dir__() -> list[str]:
    public = {*_PACKAGES, "__version__"}
    return sorted(public.union(*(import_module(f".{p}", __name__).__all__ for p in _PACKAGES)))
