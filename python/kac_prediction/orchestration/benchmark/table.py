"""The table: how good the scores of all targets are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, Self

from ...evaluation.cells import digits, error, joined, markdown, percent
from .figures import Figures
from .targets import CONDITIONS, kind_of

BASELINES: Final[Mapping[str, str]] = {
    "dictionary": "the dictionary",
    "silence": "silence",
    "noise": "noise with its envelope",
}
"""What the distance of a score is compared with: attributes of a `Comparison`, and their names."""

TRUTH: Final = "truth"
"""Names the distance of the true score, whose drums sound by their samplers: the least to hope."""


@dataclass(frozen=True)
class Row:
    """What the score of one target is worth.

    Attributes:
        material: one of `MATERIALS`.
        condition: one of `CONDITIONS`.
        seed: of the target.
        machine: that made the score.
        seconds: that it took.
        distances: to the target, of the `score`, of BASELINES and of an arrangement's TRUTH.
        figures: of an arrangement.
    """

    material: str
    condition: str
    seed: int
    machine: str
    seconds: float
    distances: Mapping[str, float]
    figures: Figures | None = None

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the row of which `dataclasses.asdict` was stored."""
        figures = stored["figures"]
        return cls(**{**stored, "figures": figures and Figures.from_dict(figures)})

    def ratio(self, baseline: str, of: str = "score") -> float:
        """Return a distance over that of one of BASELINES."""
        return self.distances[of] / self.distances[baseline]


@dataclass(frozen=True)
class Table:
    """The rows of all targets; `to_markdown()` shows them."""

    rows: tuple[Row, ...]

    def to_markdown(self) -> str:
        """Return a page of tables, a column for each material, a line for each figure."""
        return "\n\n".join(_page(self.rows)) + "\n"


Rows = Sequence[Row]
Line = Callable[[Rows], str]
"""A line of a table: makes a cell of the rows of one material and condition."""


def _figures(rows: Rows) -> list[Figures]:
    return [row.figures for row in rows if row.figures]


def _onsets(rows: Rows) -> str:
    return f"{median(each.onsets for each in _figures(rows)):.3f}"


def _number(rows: Rows) -> str:
    right = [true == found for true, found in (each.drums for each in _figures(rows))]
    return percent(sum(right) / len(right))


def _found(rows: Rows) -> str:
    figures = _figures(rows)
    return percent(sum(len(f.sizes) for f in figures) / sum(f.drums[0] for f in figures))


def _size(rows: Rows) -> str:
    errors = [size for each in _figures(rows) for size in each.sizes]
    return error(median(errors)) if errors else ""


def _strikes(rows: Rows) -> str:
    return percent(median(each.strikes for each in _figures(rows)))


def _ratio(
    baseline: str, of: str = "score", average: Callable[[list[float]], float] = median
) -> Line:
    return lambda rows: f"{average([row.ratio(baseline, of) for row in rows]):.2f}"


def _seconds(rows: Rows) -> str:
    return digits(median(row.seconds for row in rows))


_ARRANGEMENTS: Final[Mapping[str, Line]] = {
    "onsets within 10 ms, F1": _onsets,
    "number of drums right, per cent": _number,
    "drums found, per cent": _found,
    "size of each found drum, median relative error, per cent": _size,
    "strikes given to the right drum, per cent": _strikes,
}
_DISTANCES: Final[Mapping[str, Line]] = {
    f"distance, of that of {name}": _ratio(key) for key, name in BASELINES.items()
}
_TRUE: Final[Mapping[str, Line]] = {
    "distance of the true score, of that of the dictionary": _ratio("dictionary", TRUTH)
}
_GREATEST: Final[Mapping[str, Line]] = {
    "distance, of that of the dictionary, the greatest": _ratio("dictionary", average=max)
}
_TIME: Final[Mapping[str, Line]] = {"time for 10 s of sound, s": _seconds}


def _page(rows: Rows) -> list[str]:
    """Return the blocks of a page in Markdown."""
    drums = [row for row in rows if row.figures]
    others = [row for row in rows if not row.figures]
    blocks = ["# How well sounds are orchestrated", _introduction(rows)]
    if drums:
        known = {row.condition for row in drums}
        blocks += [
            "\n".join(f"- {c.name}: {c.meaning}" for c in CONDITIONS.values() if c.name in known),
            _table(drums, {**_ARRANGEMENTS, **_DISTANCES, **_TRUE, **_TIME}),
        ]
    if others:
        blocks += [
            "Targets that are no drums:",
            _table(others, {**_DISTANCES, **_GREATEST, **_TIME}),
        ]
    return blocks


def _introduction(rows: Rows) -> str:
    seeds = sorted({row.seed for row in rows})
    machines = "; ".join(sorted({row.machine for row in rows}))
    return (
        f"Targets of 10 s at 48 kHz, of {len(seeds)} seeds from {seeds[0]}, as `bin/report --only "
        f"orchestration` makes them, on: {machines}. An arrangement has 1 to 6 drums of 0.1 to "
        "0.6 m and 10 to 60 strikes at least 0.1 s apart; in overlaps every third follows another "
        "by 5 to 30 ms. Circles, rectangles and triangles sound by the samplers of scores, other "
        "drums by finite differences, struck by mallets of an eighth to a quarter of their size: "
        "hence the distance of the true score. Figures are medians "
        "over the targets, of sizes over all drums found; three in a cell are of these conditions:"
    )


def _table(rows: Rows, lines: Mapping[str, Line]) -> str:
    """Return a table, whose cells hold the figures of each condition of a column."""
    columns: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        name = row.material if row.figures else kind_of(row.seed)
        columns.setdefault(name, {}).setdefault(row.condition, []).append(row)
    cells = [
        [title, *(joined(map(line, column.values())) for column in columns.values())]
        for title, line in lines.items()
    ]
    return markdown([["", *columns], *cells])
