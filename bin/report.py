#!/usr/bin/env python3
"""The accuracy table, of trainings of every routine, and tables of one model and of scores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import click

from kac_prediction._files import append_records, plain, read_records, replacing
from kac_prediction.cli import visible_progress
from kac_prediction.evaluation import CONDITIONS, MODEL, ConditionTable, compare_conditions
from kac_prediction.evaluation.cells import markdown
from kac_prediction.evaluation.report import with_unit
from kac_prediction.orchestration import orchestrate
from kac_prediction.orchestration.benchmark import MATERIALS, orchestrate_targets
from kac_prediction.routines import (
    AnyDrum,
    DimOfRectangularDrum,
    ShapeOfDrum,
    SizeOfCircularDrum,
    SizeOfPolygonalDrum,
)
from kac_prediction.routines.task import Task
from kac_prediction.samplers import ModeBank

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
    Row("any drum", AnyDrum, default=False),
)
"""The table. Trainings of `default=False` take long: drums to simulate, a bank of modes to make."""

ORCHESTRATION: Final = {
    "orchestration": tuple(MATERIALS),
    **{f"orchestration, {name}": (name,) for name in MATERIALS},
}
"""The table of scores, and its columns, by what is asked for."""


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice([*(row.name for row in ROWS), *ORCHESTRATION, *CONDITIONS]),
    help="A row of the table, or with --conditions of that; or the table of scores, or a column of "
    "that; may be given several times.  "
    "[default: all, but of trainings the slow ones, "
    f"{' and '.join(repr(row.name) for row in ROWS if not row.default)}]",
)
@click.option("--seeds", help="Such as 0,1,2.  [default: 0, of circles 0,1,2]")
@click.option("--quick", is_flag=True, help="A minute instead of hours: the numbers mean nothing.")
@click.option("--out", default="report", type=click.Path(path_type=Path), help="Where it all goes.")
@click.option("--device", help="cpu, cuda, ...  [default: the best there is]")
@click.option("--conditions", is_flag=True, help="The table of conditions: nothing is trained.")
@click.option(
    "--drums",
    type=click.IntRange(1),
    help="Of each family; of orchestration, targets a column.  [default: 500; quick: 2; of "
    "orchestration 20; quick: 1]",
)
@click.option(
    "--families",
    default=",".join(ModeBank.families),
    help="Of the drums under conditions, such as circle,star.",
)
@click.option("--model", default="any-drum", help="Of AnyDrum: a name, a checkpoint, its folder.")
@click.option("--no-refine", is_flag=True, help="Leave out the refined answers: they take longest.")
def report(
    names: tuple[str, ...],
    seeds: str | None,
    quick: bool,
    out: Path,
    device: str | None,
    conditions: bool,
    drums: int | None,
    families: str,
    model: str,
    no_refine: bool,
) -> None:
    """Train every routine, fixed and streaming, and print the accuracy table in Markdown.

    Each training is written to OUT/rows.jsonl when it is over, and is not made again. Drums are
    those of data/: the published ones where they are installed, else made here.

    With --conditions, a model of AnyDrum listens to drums of six families in noise, in a room, by
    telephone and so on, beside a classical estimator; the table is also written to
    OUT/conditions.md and OUT/conditions.json. Each line of OUT/conditions.jsonl is not made again,
    unless the weights differ: after a change of the program choose another OUT.

    With --only orchestration, arrangements of known drums and other sounds become scores; the table
    is also written to OUT/orchestration.md. Lines of OUT/orchestration.jsonl are not made again.
    """
    if any(name in ORCHESTRATION for name in names):
        _orchestrate(out, names, drums or (1 if quick else 20))
        return
    known = tuple(CONDITIONS) if conditions else tuple(row.name for row in ROWS)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is no row of this table: {', '.join(known)}.")
    if conditions:
        chosen = names or known
        count = drums or (2 if quick else 500)
        _compare(out, model, count, tuple(families.split(",")), chosen, not no_refine)
    else:
        _train(names, seeds, quick, out, device)


def _write(path: Path, text: str) -> None:
    """Write a text in the place of a file."""
    with replacing(path) as staged:
        staged.write_text(text, encoding="utf-8")


def _compare(
    out: Path,
    model: str,
    drums: int,
    families: tuple[str, ...],
    conditions: tuple[str, ...],
    refine: bool,
) -> None:
    """Print the table of conditions, and write it."""
    with visible_progress():
        try:
            table: ConditionTable = compare_conditions(
                out, model, drums=drums, families=families, conditions=conditions, refine=refine
            )
        except (ValueError, FileNotFoundError) as error:
            raise click.ClickException(str(error)) from error
    _write(out / "conditions.json", json.dumps(table.to_dict(), allow_nan=False))
    _write(out / "conditions.md", table.to_markdown())
    print(f"\n{table.to_markdown()}")


def _orchestrate(out: Path, names: Sequence[str], targets: int) -> None:
    """Print the table of scores, and write it."""
    for name in names:
        if name not in ORCHESTRATION:
            raise click.BadParameter(f"{name!r} is no column of this table.")
    materials = [each for name in names for each in ORCHESTRATION[name]]
    with visible_progress():
        table = orchestrate_targets(
            out, partial(orchestrate, progress=False), materials=materials, targets=targets
        )
    _write(out / "orchestration.md", table.to_markdown())
    print(f"\n{table.to_markdown()}")


def _train(
    names: tuple[str, ...], seeds: str | None, quick: bool, out: Path, device: str | None
) -> None:
    """Train what was not trained yet, and print the accuracy table."""
    rows = [row for row in ROWS if row.name in names or (row.default and not names)]
    file = out / ("quick.jsonl" if quick else "rows.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier, table = read_records(file), []
    with visible_progress():
        for row in rows:
            # As few drums as those of a quick run must not take the place of a dataset.
            dataset = str(out / "quick-data" / row.task.directory) if quick else ""
            places = {"exports_dir": str(out / "model"), "dataset_dir": dataset}
            for seed in [int(seed) for seed in seeds.split(",")] if seeds else row.seeds:
                key = {"row": row.name, "seed": seed, "parameters": row.parameters(seed, quick)}
                same = [r for r in earlier if all(r.get(k) == value for k, value in key.items())]
                if not same:
                    same = [row.train(seed, quick, device=device, **places)]
                    append_records(file, same)
                table.append(same[0])
    print(f"\n{to_markdown(table)}")


def to_markdown(records: Sequence[Record]) -> str:
    """Return records as a table in Markdown: a line for each label of each row, means of the seeds.

    A number has its mean absolute and its median relative error; a class its share of sounds that
    are classified correctly; an outline its median intersection over union.
    """
    reported = [record for record in records if record["report"]]
    labels = [label for record in reported for label in record["report"]["labels"].values()]
    estimators = [*dict.fromkeys(name for label in labels for name in label["errors"])] or [MODEL]
    lines = [["drums", "seeds", "time of one", "label", *estimators]]
    for name in dict.fromkeys(record["row"] for record in reported):
        same = [record for record in reported if record["row"] == name]
        seeds = ", ".join(str(record["seed"]) for record in same)
        head = [name, seeds, f"{fmean(record['seconds'] for record in same) / 60:.1f} min"]
        for kind in ("classes", "labels", "outlines"):
            for label in same[0]["report"].get(kind, {}):
                found = [record["report"][kind][label] for record in same]
                lines.append([*head, label, *(_cell(found, each) for each in estimators)])
                head = [""] * 3
    return markdown(lines)


def _cell(found: Sequence[Mapping[str, Any]], estimator: str) -> str:
    """Return the errors of an estimator, means of the seeds; '' where it has none."""
    if "overlaps" in found[0]:
        overlaps = [each["overlaps"]["all"] for each in found]
        known = [each[estimator] for each in overlaps if estimator in each]
        return f"{fmean(known):.3f} IoU" if known else ""
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


if __name__ == "__main__":
    report()
