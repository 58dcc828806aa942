"""Waiting for what comes in the end, however much else the machine has to do."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 600.0  # seconds, after which something hangs


def wait_until(condition: Callable[[], object]) -> None:
    """Return once a condition holds; fail where it never does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "what is waited for does not come"
        time.sleep(0.01)
