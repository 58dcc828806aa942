"""Which drum makes this sound? Synthesise drums, make datasets, train a network to hear them."""

__version__: str


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: reading it takes longer than all the rest."""
    if name == "__version__":
        from importlib.metadata import version

        return version("kac_prediction")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
