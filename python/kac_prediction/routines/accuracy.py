"""The accuracy table: every routine trained with its defaults, its errors beside the baselines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

from .._files import plain
from ..evaluation import MODEL
from ..evaluation.report import with_unit
from .dim_of_rectangular_drum import DimOfRectangularDrum
from .shape_of_drum import ShapeOfDrum
from .size_of_circular_drum import SizeOfCircularDrum
from .size_of_polygonal_drum import SizeOfPolygonalDrum
from .task import Task

Record = dict[str, Any]
"""One training: row, seed, parameters, device, seconds, sounds, report."""

QUICK: Final = {"dataset_size": 60, "num_of_epochs": 1, "steps_per_epoch": 2}
"""Parameters of a table of meaningless numbers in a minute, to try the program."""


@dataclass(frozen=True)
class Row:
    """A row of the table: trainings of a task with one or more seeds."""

    name: str
    task: Task
    stream: bool = False  # whether drums are synthesised on the fly
    changes: Mapping[str, Any] = field(default_factory=dict)  # to the task's defaults
    seeds: tuple[int, ...] = (0,)  # one training each
    default: bool = True  # whether it is trained unless other rows are asked for

    def parameters(self, seed: int, quick: bool = False) -> dict[str, Any]:
        """Return all parameters of a training, in plain types."""
        changes = {**(self.task.streaming if self.stream else {}), **self.changes, "seed": seed}
        parameters = {**self.task.defaults, **changes, **(QUICK if quick else {})}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in plain(parameters).items()}

    def train(self, seed: int, quick: bool = False, **options: Any) -> Record:
        """Train with a seed, of everything random; `options` are arguments of the task."""
        parameters = self.parameters(seed, quick)
        result = self.task(parameters=parameters, stream=self.stream, **options)
        return {
            "row": self.name,
            "seed": seed,
            "parameters": parameters,
            "device": str(result.routine.device),
            "seconds": result.seconds,
            "sounds": len(result.evaluated),
            "report": result.compare().to_dict() if result.report else None,
        }


ROWS: Final = (
    Row("circles", SizeOfCircularDrum, seeds=(0, 1, 2)),
    Row("circles, streaming", SizeOfCircularDrum, stream=True),
    Row("rectangles", DimOfRectangularDrum),
    Row("rectangles, streaming", DimOfRectangularDrum, True, {"steps_per_epoch": 80}),
    Row("polygons", SizeOfPolygonalDrum),
    Row("polygons, streaming", SizeOfPolygonalDrum, stream=True, default=False),
    Row("any shape", ShapeOfDrum),
    Row("any shape, streaming", ShapeOfDrum, stream=True, default=False),
)
"""The table. Drums of `default=False` take longer to simulate than to learn from."""


def fill_rows(
    rows: Sequence[Row],
    records: Iterable[Record],
    keep: Callable[[Record], None],
    *,
    seeds: Sequence[int] | None = None,
    quick: bool = False,
    options: Callable[[Row], Mapping[str, Any]] = lambda row: {},
) -> list[Record]:
    """Train what is missing; return the records of all rows.

    Args:
        rows: of the table.
        records: of earlier trainings, which are not repeated.
        keep: takes each new record, before the next training begins.
        seeds: instead of those of the rows.
        quick: train as little as possible.
        options: arguments of the task of a row.
    """
    earlier, table = list(records), []
    for row in rows:
        for seed in row.seeds if seeds is None else seeds:
            key = {"row": row.name, "seed": seed, "parameters": row.parameters(seed, quick)}
            same = [r for r in earlier if all(r.get(name) == value for name, value in key.items())]
            if not same:
                same = [row.train(seed, quick, **options(row))]
                keep(same[0])
            table.append(same[0])
    return table


def to_markdown(records: Sequence[Record]) -> str:
    """Return records as a table in Markdown: a line for each label of each row, means of the seeds.

    A number is the mean absolute error and, after it, the median relative error; of a class, the
    share of sounds that are classified correctly.
    """
    reported = [record for record in records if record["report"]]
    labels = [label for record in reported for label in record["report"]["labels"].values()]
    estimators = [*dict.fromkeys(name for label in labels for name in label["errors"])] or [MODEL]
    lines = [["drums", "seeds", "time of one", "label", *estimators]]
    lines.append(["---"] * len(lines[0]))
    for name in dict.fromkeys(record["row"] for record in reported):
        same = [record for record in reported if record["row"] == name]
        seeds = ", ".join(str(record["seed"]) for record in same)
        head = [name, seeds, f"{fmean(record['seconds'] for record in same) / 60:.1f} min"]
        for kind in ("classes", "labels"):
            for label in same[0]["report"][kind]:
                found = [record["report"][kind][label] for record in same]
                lines.append([*head, label, *(_cell(found, each) for each in estimators)])
                head = [""] * 3
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(found: Sequence[Mapping[str, Any]], estimator: str) -> str:
    """Return the errors of an estimator, means of the seeds; '' where it has none."""
    key = "right" if "right" in found[0] else "errors"
    values = [each[key][estimator] for each in found if estimator in each[key]]
    if not values:
        return ""
    if key == "right":
        return f"{fmean(values):.1%} right"
    absolute, relative = (
        fmean(each[name] for each in values) for name in ("mean_absolute", "median_relative")
    )
    return f"{with_unit(absolute, found[0]['unit'])}, {relative:.2%}"
