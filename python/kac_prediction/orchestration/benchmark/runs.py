"""Orchestrate all targets of the table, resumably."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Final

from ... import _core
from ..._arrays import Float64
from ..._checks import check_choice, check_count
from ..._files import append_records, read_records
from ..._progress import progress_bar
from ...evaluation.test_set import SEED
from ..comparison import compare
from ..score import Score
from .figures import Figures
from .material import Arrangement
from .table import BASELINES, TRUTH, Row, Table
from .targets import CONDITIONS, MATERIALS

RECORDS: Final = "orchestration.jsonl"
"""The file of a directory that holds a line for each row."""

SAMPLE_RATE: Final = 48000  # Hz

Orchestrator = Callable[[Float64, int], Score]
"""Makes a score of a target, shape (samples,), and its sample rate."""


def orchestrate_targets(
    directory: str | os.PathLike[str],
    orchestrator: Orchestrator,
    *,
    materials: Sequence[str] = tuple(MATERIALS),
    targets: int = 20,
) -> Table:
    """Make scores of targets and compare them with the truth and the dictionary.

    Each row is appended to a file of the directory when it is known, so that what is interrupted
    goes on. Rows are told apart by their targets alone: for another orchestrator, or after a change
    of it, take another directory.

    Args:
        directory: where rows are kept; made where there is none.
        orchestrator: makes the scores.
        materials: names of MATERIALS.
        targets: of each material and condition, from 1.

    Raises:
        TypeError, ValueError: an argument is not as described.
        OSError: the directory cannot be written; the rows that are known are kept.
    """
    check_count("targets", targets)
    for name in materials:
        check_choice("each of materials", name, MATERIALS)
    chosen = [material for name, material in MATERIALS.items() if name in materials]
    keys = [
        (material.name, condition, SEED + k)
        for material in chosen
        for k in range(targets)
        for condition in material.conditions
    ]
    records = Path(directory) / RECORDS
    records.parent.mkdir(parents=True, exist_ok=True)
    known = {(row.material, row.condition, row.seed): row for row in _known(records)}
    missing = [key for key in keys if key not in known]
    for key in progress_bar(missing, unit="target", desc="orchestration"):
        known[key] = _row(key, orchestrator)
        append_records(records, [asdict(known[key])])
    return Table(tuple(known[key] for key in keys))


def _known(records: Path) -> Iterable[Row]:
    """Return the rows of a file."""
    stored = read_records(records)
    return [Row.from_dict(each) for each in stored if each.keys() == Row.__annotations__.keys()]


@lru_cache(maxsize=1)
def _made(material: str, seed: int) -> tuple[Float64, Arrangement | None]:
    """Return a target, which its conditions share: some take 10 s to make."""
    return MATERIALS[material].make(seed)


def _row(key: tuple[str, str, int], orchestrator: Orchestrator) -> Row:
    """Make a score of a target, and compare it."""
    material, condition, seed = key
    sound, truth = _made(material, seed)
    target = CONDITIONS[condition].recorded(sound, SAMPLE_RATE, (seed,))
    begun = time.perf_counter()
    score = orchestrator(target, SAMPLE_RATE)
    seconds = time.perf_counter() - begun
    compared = compare(score, target, SAMPLE_RATE)
    distances = {name: float(getattr(compared, name)) for name in ("score", *BASELINES)}
    if truth is None:
        return Row(*key, _machine(), seconds, distances)
    distances[TRUTH] = truth.score.distance(target, SAMPLE_RATE)
    return Row(*key, _machine(), seconds, distances, Figures.of(truth, score))


def _machine() -> str:
    """Return what computes, in words."""
    threads, instructions = _core.available_threads(), _core.instruction_set()
    return f"{platform.system()} {platform.machine()}, {threads} threads, {instructions}"
