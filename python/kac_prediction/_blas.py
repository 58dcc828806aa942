"""One thread of linear algebra: threadpoolctl, which sets a variable when imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from ._processes import environment_kept

with environment_kept():
    from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit linear algebra to one thread while a block lasts: its bits then depend on no number.

    The products are small: threads would mostly wait for each other, on a busy machine for long.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Return what limits the threads of all BLAS; to find them takes a millisecond."""
    import scipy.linalg  # noqa: F401  it brings one of its own, found once it is loaded

    return ThreadpoolController()
