"""Work in several processes, while libraries leave this one as its user has set it up."""

import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_begun_in: int | None = None  # the process that has called upon joblib's workers


@contextmanager
def start_method_kept() -> Iterator[None]:
    """Leave `multiprocessing.set_start_method` to the user, though a library settles on one."""
    chosen: str | None = multiprocessing.get_start_method(allow_none=True)
    try:
        yield
    finally:
        if chosen is None:
            multiprocessing.set_start_method(None, force=True)


@contextmanager
def environment_kept() -> Iterator[None]:
    """Remove the environment variables that a library sets when it is imported."""
    known = set(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - known:
            del os.environ[name]


def in_processes(
    function: Callable[..., T],
    calls: Sequence[tuple[Any, ...]],
    processes: int | None,
    *,
    ordered: bool = True,
) -> Iterator[T]:
    """Yield a function's results for the arguments of each call, computed by so many processes.

    One process is this one; so is any number in a fork of a process that has called this before, as
    joblib would wait there for workers that are not its own. An exception of the function is raised
    here as it was there, with its notes; one that cannot be sent from there as a RuntimeError that
    says what it was. Arguments are copied to each process, so that it may write to them.

    Args:
        function: what is called.
        calls: the arguments of each call.
        processes: how many, from 1; None: as many as this one may use cores.
        ordered: yield results in the order of the calls, else as they are done.

    Raises:
        BrokenProcessPool: a process has died.
    """
    global _begun_in
    if processes == 1 or len(calls) < 2 or _begun_in not in (None, os.getpid()):
        yield from (function(*arguments) for arguments in calls)
        return
    _begun_in = os.getpid()
    # Imported here: few need it, and it slows the import of the package.
    with environment_kept():
        from joblib import Parallel, cpu_count, delayed

    processes = min(processes or cpu_count(), len(calls))
    order = "generator" if ordered else "generator_unordered"
    with start_method_kept():
        # The same for all: where options differ, joblib starts other processes, in seconds.
        parallel = Parallel(n_jobs=processes, return_as=order, batch_size=1, max_nbytes=None)
    with _streams():
        yield from parallel(delayed(_call)(function, arguments) for arguments in calls)


@contextmanager
def _streams() -> Iterator[None]:
    """Put streams in the place of those that a process without a console lacks: joblib flushes."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, ExitStack() as stack:
        if sys.stdout is None:
            stack.enter_context(redirect_stdout(nowhere))
        if sys.stderr is None:
            stack.enter_context(redirect_stderr(nowhere))
        yield


def _call(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Call a function in another process; raise its exceptions in a form that can be sent."""
    from joblib import wrap_non_picklable_objects

    try:
        return function(*arguments)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(wrap_non_picklable_objects(error, keep_wrapper=False)))
        except Exception:
            sent = RuntimeError(f"{type(error).__qualname__}: {error}")
            for note in getattr(error, "__notes__", ()):
                sent.add_note(note)
            raise sent from error
        raise
