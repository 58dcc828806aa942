from .crepe import CRePE

__all__ = ["CRePE"]
