"""One trial of a sweep, what came of it, and how trials are ranked."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..tracking.local import Record
from .plan import Metric

State = Literal["running", "finished", "stopped", "failed", "interrupted"]


@dataclass
class Trial:
    """A trial.

    Attributes:
        number: from 0.
        parameters: what it is run with.
        state: stopped means that others had outdone it; failed, that it ended by an error.
        values: of the metric, one an epoch.
        seconds: how long it took.
        run: the directory of its checkpoints; '' where there is none.
        message: why it failed.
    """

    number: int
    parameters: Mapping[str, Any]
    state: State = "running"
    values: list[float] = field(default_factory=list)
    seconds: float = 0.0
    run: str = ""
    message: str = ""

    def to_record(self) -> Record:
        """The trial in plain types."""
        return asdict(self)

    def best(self, metric: Metric) -> float | None:
        """The best value it came to; None where it came to none."""
        return min(self.values, key=metric.loss, default=None)


def ranking(trials: Iterable[Trial], metric: Metric) -> list[Trial]:
    """Trials in their order, the best first; of equals the earlier; those without a value last."""

    def place(trial: Trial) -> tuple[float, int]:
        best = trial.best(metric)
        return (math.inf if best is None else metric.loss(best)), trial.number

    return sorted(trials, key=place)


def ranking_table(trials: Iterable[Trial], metric: Metric) -> str:
    """The ranking as text: a line each, with those parameters that are not the same in all."""
    ranked = ranking(trials, metric)
    names = varying([trial.parameters for trial in ranked])
    rows = [("", "trial", metric.name, "epochs", "state", *names)]
    for place, trial in enumerate(ranked, 1):
        best = trial.best(metric)
        rows.append(
            (
                str(place),
                str(trial.number),
                "-" if best is None else f"{best:.6g}",
                str(len(trial.values)),
                trial.state,
                *(_short(trial.parameters.get(name)) for name in names),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    winner = next((trial for trial in ranked if trial.values and trial.run), None)
    if winner is not None:
        lines.append(f"best: trial {winner.number}, in {winner.run}")
    return "\n".join(lines)


def varying(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the parameters that are not the same in all trials, in their order."""
    names = dict.fromkeys(name for one in parameters for name in one)
    return [name for name in names if len({repr(one.get(name)) for one in parameters}) > 1]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
