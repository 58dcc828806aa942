"""FixedSettings: samplers whose settings cannot be changed without effect."""

from typing import Any, ClassVar


class FixedSettings:
    """Refuses to set again what a constructor has read: it would change nothing, or half.

    Attributes:
        fixed: names of the constructor's arguments that can be set once.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"duration", "sample_rate"})

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; raise AttributeError, with the remedy, where it is a fixed setting."""
        if name in self.fixed and hasattr(self, name):
            kind = type(self).__name__
            raise AttributeError(
                f"{name} of a {kind} cannot be changed: make a new one, "
                f"{kind}(**sampler.settings | {{{name!r}: {value!r}}})"
            )
        super().__setattr__(name, value)
