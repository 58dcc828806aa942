"""The accuracy table: every routine trained as it comes, its errors beside the baselines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

from .._files import plain
from .dim_of_rectangular_drum import TASK as RECTANGLES
from .errors import MODEL, said
from .result import Result
from .shape_of_drum import TASK as SHAPES
from .size_of_circular_drum import TASK as CIRCLES
from .size_of_polygonal_drum import TASK as POLYGONS
from .task import Task
from .training import train_task

Record = dict[str, Any]
"""What came of one training: row, seed, parameters, device, seconds, sounds, report."""

QUICK: Final = {"dataset_size": 60, "num_of_epochs": 1, "steps_per_epoch": 2}
"""Parameters of a table that says nothing, and is there in a minute: to try the way to it."""


@dataclass(frozen=True)
class Row:
    """One training of the table, or the same with several seeds.

    Attributes:
        name: what it is called.
        task: what is learnt.
        stream: from fresh drums, or from a dataset.
        parameters: changes to the task's defaults.
        seeds: a training each.
        usual: whether it is trained unless something else is asked for.
    """

    name: str
    task: Task
    stream: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    usual: bool = True

    def asked(self, seed: int, quick: bool = False) -> dict[str, Any]:
        """All parameters of a training, in plain types."""
        changes = {**(self.task.streaming if self.stream else {}), **self.parameters, "seed": seed}
        changes |= QUICK if quick else {}
        asked: dict[str, Any] = plain({**self.task.defaults, **changes})
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asked.items()}

    def train(self, seed: int, quick: bool = False, **options: Any) -> Record:
        """Train, and say what came of it.

        Args:
            seed: of the split, the weights, the order, and of the drums where they are made.
            quick: as little as will do to try it.
            options: of the routine, see `Options`.
        """
        asked = self.asked(seed, quick)
        result = train_task(self.task, parameters=asked, stream=self.stream, **options)
        return self.record(result, seed, quick)

    def record(self, result: Result, seed: int, quick: bool) -> Record:
        """Say what came of a training."""
        return {
            "row": self.name,
            "seed": seed,
            "parameters": self.asked(seed, quick),
            "device": str(result.routine.device),
            "seconds": result.seconds,
            "sounds": len(result.evaluated),
            "report": result.report.to_dict() if result.report else None,
        }

    def found(self, records: Iterable[Record], seed: int, quick: bool = False) -> Record | None:
        """The record of this very training; None: it has not been made."""
        wanted = {"row": self.name, "seed": seed, "parameters": self.asked(seed, quick)}
        return next(
            (r for r in records if all(r.get(key) == value for key, value in wanted.items())), None
        )


ROWS: Final = (
    Row("circles", CIRCLES, seeds=(0, 1, 2)),
    Row("circles, streaming", CIRCLES, stream=True),
    Row("rectangles", RECTANGLES),
    Row(
        "rectangles, streaming",
        RECTANGLES,
        True,
        {"num_of_epochs": 50, "steps_per_epoch": 80},
    ),
    Row("polygons", POLYGONS),
    Row("polygons, streaming", POLYGONS, stream=True, usual=False),
    Row("any shape", SHAPES),
    Row("any shape, streaming", SHAPES, stream=True, usual=False),
)
"""The table. Fresh drums of `usual=False` take longer to be simulated than to be learnt from."""


def fill(
    rows: Sequence[Row],
    records: Iterable[Record],
    keep: Callable[[Record], None],
    *,
    seeds: Sequence[int] | None = None,
    quick: bool = False,
    options: Callable[[Row], Mapping[str, Any]] = lambda row: {},
) -> list[Record]:
    """Make the trainings that are missing; return the records of all that were asked for.

    Args:
        rows: what is asked for.
        records: what has been made before.
        keep: takes each new record, before the next training begins.
        seeds: instead of those of the rows.
        quick: as little as will do to try it.
        options: of the routine of a row, see `Options`.
    """
    known, complete = list(records), []
    for row in rows:
        for seed in row.seeds if seeds is None else seeds:
            record = row.found(known, seed, quick)
            if record is None:
                record = row.train(seed, quick, **options(row))
                keep(record)
            complete.append(record)
    return complete


def table(records: Sequence[Record]) -> str:
    """Write records as a table in Markdown: a line for each label of each row, means of the seeds.

    A number is the mean absolute error and, after it, the median relative error; of a class, the
    share that was heard as what it is.
    """
    reported = [record for record in records if record["report"]]
    columns = dict.fromkeys(
        who
        for record in reported
        for label in record["report"]["labels"].values()
        for who in label["errors"]
    )
    heading = ["drums", "seeds", "time of one", "label", *(columns or {MODEL: None})]
    lines = [heading, ["---"] * len(heading)]
    for name in dict.fromkeys(record["row"] for record in reported):
        lines += _lines([r for r in reported if r["row"] == name], heading[4:])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _lines(records: Sequence[Record], columns: Sequence[str]) -> list[list[str]]:
    """The lines of one row of the table, from the records of all its seeds."""
    first = records[0]
    seeds = ", ".join(str(record["seed"]) for record in records)
    minutes = fmean(record["seconds"] for record in records) / 60
    head = [first["row"], seeds, f"{minutes:.1f} min"]
    lines = []
    for label in first["report"]["classes"]:
        found = [record["report"]["classes"][label]["right"] for record in records]
        cells = [
            f"{fmean(each[who] for each in found):.1%} right" if who in found[0] else ""
            for who in columns
        ]
        lines.append([*head, label, *cells])
        head = [""] * 3
    for label in first["report"]["labels"]:
        found = [record["report"]["labels"][label] for record in records]
        cells = [_cell(found, who) for who in columns]
        lines.append([*head, label, *cells])
        head = [""] * 3
    return lines


def _cell(reports: Sequence[Mapping[str, Any]], who: str) -> str:
    """The errors of someone, means of the seeds; empty where they do not answer."""
    errors = [report["errors"][who] for report in reports if who in report["errors"]]
    if not errors:
        return ""
    absolute, relative = (
        fmean(each[key] for each in errors) for key in ("mean_absolute", "median_relative")
    )
    return f"{said(absolute, reports[0]['unit'])}, {relative:.2%}"
