"""Processes that end in the middle of what they do."""

import shutil
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """The process ended here."""


def die_at(monkeypatch: pytest.MonkeyPatch, step: int, *others: tuple[type, str]) -> None:
    """Let everything that renames or removes a file, and the `others`, die after `step` calls."""
    count = 0

    def counted(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            return original(*args, **kwargs)

        return call

    for owner, name in ((Path, "replace"), (Path, "unlink"), (shutil, "rmtree"), *others):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
