"""Numbers and truths that may be called, for what is an attribute here and a method elsewhere."""


class CallableCount(int):
    """A whole number: `polygon.N`, and as kac_drumset has it `polygon.N()`."""

    def __call__(self) -> int:
        """Return it as a plain number."""
        return int(self)


class CallableTruth(int):
    """True or False: `polygon.convex`, and as kac_drumset has it `polygon.convex()`."""

    def __call__(self) -> bool:
        """Return it as a plain bool."""
        return bool(self)

    def __repr__(self) -> str:
        return repr(bool(self))
