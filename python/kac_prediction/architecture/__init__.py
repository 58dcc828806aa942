"""Networks."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .crepe import CRePE
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "crepe": "CRePE",
        },
    )

__all__ = ["CRePE"]
