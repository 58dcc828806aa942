"""The files of a dataset directory.

A directory holds `metadata.json` (header and labels), `x.npy` (the representation) and one wav a
sample, which every representation is computed from. Files change through a transaction, so that at
every instant the old dataset or the new one is whole; `disk.py` makes its changes durable.
`pipeline/datasets` moves what it has fetched into its place; `dataset/legacy` reads old metadata.
"""

from .directory import DatasetDirectory
from .layout import DatasetChangedError, DatasetError, write_lock
from .metadata import Header
from .transaction import Transaction
from .unfinished import Generation, Record, read_plan, sample_records

__all__ = [
    "DatasetChangedError",
    "DatasetDirectory",
    "DatasetError",
    "Generation",
    "Header",
    "Record",
    "Transaction",
    "read_plan",
    "sample_records",
    "write_lock",
]
