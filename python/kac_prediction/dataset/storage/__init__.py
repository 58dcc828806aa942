"""The files of a dataset directory: nobody else opens them.

A directory holds `metadata.json` (header and labels), `x.npy` (the representation) and one wav a
sample, which is the source: every representation is computed from it. Several files change at once
through a stage and a journal (`journal.py`), so that at every instant the old dataset or the new
one is whole. `disk.py` alone changes anything on the disk.
"""

from .directory import DatasetDirectory
from .layout import DatasetChangedError, DatasetError
from .metadata import Header
from .stage import Stage

__all__ = ["DatasetChangedError", "DatasetDirectory", "DatasetError", "Header", "Stage"]
