"""Compare estimators of drums under conditions of recording, by several processes, resumably."""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from .._arrays import Float64
from .._checks import check_choice, check_count, check_flag
from .._files import append_records, read_records
from .._processes import in_processes
from .._progress import progress_bar
from ..pipeline import Model, loadModel
from ..samplers import ModeBank
from .condition_table import PLAIN, ConditionTable, Row
from .conditions import CONDITIONS
from .estimators import (
    CLASSICAL,
    ESTIMATORS,
    MEAN,
    NETWORK,
    REFINED,
    TOLD,
    Answer,
    classical,
    heard,
    mean_predictor,
)
from .figures import Figures
from .test_set import OTHERS, SAMPLE_RATE, SEED, LabelledDrums, stored_sounds

RECORDS: Final = "conditions.jsonl"
"""The file of a directory that holds a line for each row."""

SOUNDS: Final = "sounds"
"""The folder of the sounds beside it."""


class _Key(NamedTuple):
    """What tells a row from all others: of the same key, the figures are the same."""

    condition: str
    meaning: str
    family: str
    estimator: str
    drums: int
    seed: int
    model: str


def compare_conditions(
    directory: str | os.PathLike[str],
    model: Model | str | os.PathLike[str] = "any-drum",
    *,
    drums: int = 500,
    families: Sequence[str] = ModeBank.families,
    conditions: Sequence[str] = tuple(CONDITIONS),
    refine: bool = True,
    workers: int | None = None,
) -> ConditionTable:
    """Compare estimators of drums under conditions of recording.

    Each row is appended to a file of the directory when it is known, so that an interrupted
    comparison goes on, and one of more conditions takes what is there. The sounds, a folder beside
    it, are made once. Rows are told apart by their arguments and the weights of the model, not by
    the version of what listens: after a change of that, take another directory. The same
    arguments give the same figures, but for the seconds, by any number of workers and however often
    interrupted.

    Args:
        directory: where rows and sounds are kept; made where there is none.
        model: of the routine AnyDrum, or what `loadModel` takes.
        drums: of each family, from 1; and as many sounds that are no drum.
        families: of `ModeBank.families`.
        conditions: names of CONDITIONS.
        refine: whether the refined answers of `listen` are compared too: they take longest.
        workers: processes; None: as many as this process may use cores.

    Raises:
        FileNotFoundError: there is no such model.
        TypeError, ValueError: an argument is not as described.
        OSError: the directory cannot be written; the rows that are known are kept.
    """
    check_count("drums", drums)
    for family in families:
        check_choice("each of families", family, ModeBank.families)
    for name in conditions:
        check_choice("each of conditions", name, CONDITIONS)
    estimators = [each for each in ESTIMATORS if check_flag("refine", refine) or each != REFINED]
    if workers is not None:
        check_count("workers", workers)
    network = model if isinstance(model, Model) else loadModel(os.fspath(model))
    weights = fingerprint(network)
    keys = [
        _Key(name, condition.meaning, family, estimator, drums, SEED, weights)
        for name, condition in CONDITIONS.items()
        for family in (*ModeBank.families, OTHERS)
        for estimator in estimators
        if name in conditions and family in (*families, OTHERS) and condition.applies(family)
    ]
    keys = [_without_model(key) for key in keys if _is_compared(key)]
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder / RECORDS)
    missing = [key for key in keys if key not in known]
    _make_sounds(folder, missing, workers)
    tasks = [(folder, network, task) for task in _tasks(missing)]
    with progress_bar(total=len(missing) * drums, unit="sound", desc="conditions") as bar:
        for made in in_processes(_compare, tasks, workers, ordered=False):
            append_records(
                folder / RECORDS,
                [{**key._asdict(), "figures": asdict(figures)} for key, figures in made],
            )
            bar.update(len(made) * drums)
    known = _known(folder / RECORDS)
    rows = [Row(key.condition, key.family, key.estimator, known[key]) for key in keys]
    return ConditionTable(drums, SEED, weights, tuple(rows))


def fingerprint(model: Model) -> str:
    """Return the first 12 digits of the SHA-256 of a model's weights."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _is_compared(key: _Key) -> bool:
    """Return whether an estimator has a row: one without scores has none of other sounds."""
    if key.estimator == MEAN:
        return key.family != OTHERS and key.condition == PLAIN
    return key.family != OTHERS or key.estimator in (NETWORK, REFINED)


def _without_model(key: _Key) -> _Key:
    return key if key.estimator in (NETWORK, REFINED) else key._replace(model="")


def _known(records: Path) -> dict[_Key, Figures]:
    """Return the rows of a file."""
    known = {}
    for record in read_records(records):
        if not {"figures", *_Key._fields} <= record.keys():
            continue
        stored = Figures.from_dict(record["figures"])
        known[_Key(*(record[name] for name in _Key._fields))] = stored
    return known


def _tasks(missing: Sequence[_Key]) -> list[list[_Key]]:
    """Divide rows into tasks: the classical estimator hears all families at once."""
    tasks: dict[tuple[str, ...], list[_Key]] = {}
    for key in missing:
        at_once = key.estimator in (CLASSICAL, TOLD)
        which = (key.condition,) if at_once else (key.condition, key.family, key.estimator)
        tasks.setdefault(which, []).append(key)
    return list(tasks.values())


def _make_sounds(folder: Path, missing: Sequence[_Key], workers: int | None) -> None:
    """Make the sounds of rows where they are not stored."""
    wanted = dict.fromkeys(
        (key.family, key.drums, CONDITIONS[key.condition].variant) for key in missing
    )
    arguments = [(folder / SOUNDS, *each) for each in wanted]
    count = sum(drums for _, drums, _ in wanted)
    with progress_bar(total=count, unit="sound", desc="sounds") as bar:
        for made in in_processes(_store, arguments, workers, ordered=False):
            bar.update(made)


def _store(*arguments: Any) -> int:
    """Make sounds where they are not stored; return how many there are."""
    return len(stored_sounds(*arguments))


def _compare(folder: Path, model: Model, task: Sequence[_Key]) -> list[tuple[_Key, Figures]]:
    """Return the figures of the rows of a task, all of one condition."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as many processes as cores
    try:
        condition, drums = CONDITIONS[task[0].condition], task[0].drums
        families = dict.fromkeys(key.family for key in task)
        truths = {
            family: stored_sounds(folder / SOUNDS, family, drums, condition.variant)
            for family in families
        }
        answers, seconds = _answers(model, task, truths)
        return [(key, Figures.of(truths[key.family], answers[key], seconds)) for key in task]
    finally:
        torch.set_num_threads(threads)


def _answers(
    model: Model, task: Sequence[_Key], truths: dict[str, LabelledDrums]
) -> tuple[dict[_Key, list[Answer]], float]:
    """Return the answers of the rows of a task, and the seconds that one takes."""
    recorded = {family: _recorded(task[0].condition, truth) for family, truth in truths.items()}
    (speed,) = {truth.wave_speed for truth in truths.values()}
    estimator, sounds = task[0].estimator, [each for some in recorded.values() for each in some]
    times = [time.process_time()]
    if estimator in (CLASSICAL, TOLD):
        families = [family for family, some in recorded.items() for _ in some]
        both = classical(sounds, families, SAMPLE_RATE, speed)
        seconds = (time.process_time() - times[0]) / len(sounds)
        found = {}
        for key in task:
            first = families.index(key.family)
            answers = both[(CLASSICAL, TOLD).index(key.estimator)]
            found[key] = answers[first : first + key.drums]
        return found, seconds
    answers = mean_predictor(len(sounds)) if estimator == MEAN else []
    if estimator != MEAN:
        for sound in sounds:
            answers.append(heard(sound, SAMPLE_RATE, model, speed, estimator == REFINED))
            times.append(time.process_time())
    # The first sounds take longer: the median is that of a process that has listened before.
    return {task[0]: answers}, float(np.median(np.diff(times))) if answers and times[1:] else 0.0


def _recorded(condition: str, drums: LabelledDrums) -> list[Float64]:
    """Return the sounds of drums as recorded."""
    place = (*ModeBank.families, OTHERS).index(drums.family)
    return [
        CONDITIONS[condition].recorded(waveform, SAMPLE_RATE, (SEED, place, i))
        for i, waveform in enumerate(drums.waveforms)
    ]
