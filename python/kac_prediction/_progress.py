"""Progress bars: shown in terminals and notebooks, not where the output is a file, or nowhere."""

import sys
from collections.abc import Iterable
from typing import Any, TypeAlias

from tqdm.auto import tqdm

from ._processes import start_method_kept

ProgressBar: TypeAlias = "tqdm[Any]"


def progress_bar(
    items: Iterable[Any] | None = None, *, hidden: bool = False, **options: Any
) -> ProgressBar:
    """Return a bar of tqdm over items, or one that is updated by hand.

    Args:
        items: what is iterated over.
        hidden: show nothing, as on all processes but the leader.
        options: further ones of tqdm, such as total and unit.
    """
    # A notebook's output is no terminal, for which tqdm would hide the bar with disable=None.
    in_notebook = any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)
    stream = options.get("file", sys.stderr)  # None without a console, or closed
    hidden = hidden or (not in_notebook and (stream is None or stream.closed))
    with start_method_kept():  # the first bar makes a lock between processes
        return tqdm(items, disable=hidden or (False if in_notebook else None), **options)
