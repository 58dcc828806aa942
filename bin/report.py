#!/usr/bin/env python3
"""The accuracy table: train every routine, and print its errors beside those of the baselines."""

import logging
from pathlib import Path

import click

from kac_prediction._files import append_records, read_records
from kac_prediction.cli import visible_progress
from kac_prediction.routines import ROWS, Row, fill_rows, to_markdown

logger = logging.getLogger(__name__)


@click.command(context_settings={"show_default": True})
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice([row.name for row in ROWS]),
    help="A row of the table; may be given several times.  [default: all but the slow ones, "
    f"{' and '.join(repr(row.name) for row in ROWS if not row.default)}]",
)
@click.option("--seeds", help="Such as 0,1,2.  [default: 0, of circles 0,1,2]")
@click.option("--quick", is_flag=True, help="A minute instead of hours: the numbers mean nothing.")
@click.option("--out", default="report", type=click.Path(path_type=Path), help="Where it all goes.")
@click.option("--device", help="cpu, cuda, ...  [default: the best there is]")
def report(
    names: tuple[str, ...], seeds: str | None, quick: bool, out: Path, device: str | None
) -> None:
    """Train every routine, fixed and streaming, and print the accuracy table in Markdown.

    Each training is written to OUT/rows.jsonl when it is over, and is not made again. Drums are
    those of data/: the published ones where they are installed, else made here.
    """
    rows = [row for row in ROWS if row.name in names or (row.default and not names)]
    file = out / ("quick.jsonl" if quick else "rows.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)

    def options(row: Row) -> dict[str, str | None]:
        # As few drums as that must not take the place of a dataset.
        place = str(out / "quick-data" / row.task.directory) if quick else ""
        return {"exports_dir": str(out / "model"), "dataset_dir": place, "device": device}

    with visible_progress():
        records = fill_rows(
            rows,
            read_records(file),
            lambda record: append_records(file, [record]),
            seeds=[int(seed) for seed in seeds.split(",")] if seeds else None,
            quick=quick,
            options=options,
        )
    print(f"\n{to_markdown(records)}")


if __name__ == "__main__":
    report()
