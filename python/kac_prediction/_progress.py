"""Progress bars: shown in terminals and notebooks, not where the output is a file, or nowhere."""

import sys
import threading
import warnings
from collections.abc import Iterable
from typing import Any

from tqdm import TqdmWarning

with warnings.catch_warnings():  # of a notebook without ipywidgets, where bars are texts
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm


class ProgressBar(tqdm):  # type: ignore[type-arg]
    """A bar of tqdm that is drawn by one process alone.

    tqdm's own lock is shared with forked processes: one that is killed in it would leave it taken,
    and all others waiting for ever; and making it settles how multiprocessing starts processes.
    """

    _lock = threading.RLock()


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
    in_notebook = any(kind.__module__ == "tqdm.notebook" for kind in ProgressBar.__mro__)
    stream = options.get("file", sys.stderr)  # None without a console, or closed
    hidden = hidden or (not in_notebook and (stream is None or stream.closed))
    return ProgressBar(items, disable=hidden or (False if in_notebook else None), **options)
