"""Work in several processes, and what the process of the user is left with."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kac_prediction._processes import in_processes
from waiting import PATIENCE


class TwoPartsError(Exception):
    """One that cannot be made again from its text, as pickle would."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def halve(number: int) -> float:
    if number == 3:
        error: Exception = TwoPartsError("this", "that")
    elif number == 5:
        error = ValueError("odd", 5)
    else:
        return number / 2
    error.add_note(f"number {number}")
    raise error


@pytest.mark.parametrize("processes", [1, 2, None])
def test_results_come_in_order(processes: int | None) -> None:
    assert list(in_processes(halve, [(4,), (2,), (0,)], processes)) == [2, 1, 0]
    assert list(in_processes(halve, [], processes)) == []


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [(3, RuntimeError, "TwoPartsError: this and that"), (5, ValueError, "('odd', 5)")],
)
def test_an_exception_arrives_whatever_it_is(number: int, kind: Any, text: str) -> None:
    with pytest.raises(kind) as caught:
        list(in_processes(halve, [(2,), (number,)], 2))
    assert str(caught.value) == text
    assert caught.value.__notes__ == [f"number {number}"]
    assert "in halve" in str(caught.value.__cause__)  # where it was raised


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_waits_for_no_workers_of_another_process() -> None:
    from interruptions import DONE, in_child  # not above: the workers import this module, no torch

    calls = [(4,), (2,)]
    assert list(in_processes(halve, calls, 2)) == [2, 1]
    assert in_child(lambda: list(in_processes(halve, calls, 2)), seconds=PATIENCE) == DONE


def test_a_process_is_left_as_it_was(tmp_path: Path) -> None:
    """No console is needed; the environment and the start method stay the user's."""
    program = f"""
import multiprocessing, os, sys, warnings
before = dict(os.environ)
sys.path.insert(0, {str(Path(__file__).parent)!r})
sys.stdin = sys.stdout = sys.stderr = None
import kac_prediction.listening, kac_prediction.physics
from kac_prediction.dataset import exportDataset, generateDataset, transformDataset
from samplers_of_users import Click
made = generateDataset(Click, {{"duration": 0.01, "sample_rate": 8000}}, "drums", 9, workers=2)
warnings.warn("nobody reads this")
exportDataset(transformDataset(made, {{"normalise_input": False}}), "exported")
kac_prediction.physics.eigenfrequencies(kac_prediction.geometry.Circle(1.0), 2)
assert dict(os.environ) == before, set(os.environ) ^ set(before)
multiprocessing.set_start_method("spawn")
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "exported" / "metadata.jsonl").is_file()
    assert multiprocessing.get_start_method(allow_none=True) != "spawn"
