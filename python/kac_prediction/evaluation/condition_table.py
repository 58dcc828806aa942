"""The table of conditions: how good each estimator is, however a drum is recorded."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ..geometry.families import ELONGATED
from ..samplers import ModeBank
from .cells import error, joined, markdown, percent
from .conditions import CONDITIONS
from .estimators import CLASSICAL, MEAN, NETWORK, REFINED, TOLD
from .figures import Figures, area_under_curve
from .test_set import OTHERS, SAMPLE_RATE

PLAIN: Final = "clean"
"""The condition under which the mean predictor, which hears nothing, is compared."""

_HEARD: Final = (NETWORK, REFINED, CLASSICAL, TOLD)
_NUMBERS: Final = {"drum_size": "size", "aspect_ratio": "aspect ratio", "decay_time": "T60"}


@dataclass(frozen=True)
class Row:
    """The figures of one estimator, of drums of one family under one condition."""

    condition: str
    family: str  # or OTHERS
    estimator: str
    figures: Figures


@dataclass(frozen=True)
class ConditionTable:
    """The figures of all conditions, families and estimators.

    `to_dict()` holds all of it in the types of JSON, and `to_markdown()` shows it.
    """

    drums: int  # of each family, and other sounds
    seed: int
    model: str  # the beginning of the SHA-256 of its weights
    rows: tuple[Row, ...]

    def get(self, condition: str, family: str, estimator: str) -> Figures | None:
        """Return the figures of a row; None: there is none."""
        for row in self.rows:
            if (row.condition, row.family, row.estimator) == (condition, family, estimator):
                return row.figures
        return None

    def area_under_curve(self, condition: str, estimator: str) -> float | None:
        """Return that of the scores of all drums against those of other sounds; None: no scores.

        Where a condition is one of drums alone, the other sounds are the clean ones.
        """
        rows = [row for row in self.rows if row.estimator == estimator]
        drums = _scores(rows, condition, lambda row: row.family != OTHERS)
        others = _scores(rows, condition, lambda row: row.family == OTHERS) or _scores(
            rows, PLAIN, lambda row: row.family == OTHERS
        )
        return area_under_curve(drums, others) if drums and others else None

    def coverage(self, condition: str, estimator: str, name: str) -> float | None:
        """Return the share of a number's 90 % intervals that hold, of all drums; None: of none."""
        found = [
            (row.figures.coverage[name], row.figures.count)
            for row in self.rows
            if (row.condition, row.estimator) == (condition, estimator)
            and name in row.figures.coverage
        ]
        total = sum(count for _, count in found)
        return sum(share * count for share, count in found) / total if found else None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types, which JSON can hold."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Return a page of tables, a line for each condition, a column for each family."""
        return "\n\n".join(_page(self)) + "\n"

    @property
    def families(self) -> list[str]:
        """The families that have rows, in the order of `ModeBank.families`."""
        found = {row.family for row in self.rows}
        return [family for family in ModeBank.families if family in found]

    @property
    def conditions(self) -> list[str]:
        """The conditions that have rows, in the order of CONDITIONS."""
        found = {row.condition for row in self.rows}
        return [condition for condition in CONDITIONS if condition in found]


def _scores(rows: Sequence[Row], condition: str, wanted: Callable[[Row], bool]) -> list[float]:
    return [
        score
        for row in rows
        if row.condition == condition and wanted(row)
        for score in row.figures.scores
    ]


def _page(table: ConditionTable) -> list[str]:
    """Return the blocks of a page in Markdown."""
    heard = [each for each in _HEARD if any(row.estimator == each for row in table.rows)]
    untold = [each for each in heard if each != TOLD]
    listening = [each for each in heard if each in (NETWORK, REFINED)]
    elongated = [family for family in table.families if family in ELONGATED]
    blocks = [
        "# How well any drum is heard, by condition",
        f"{table.drums} drums of each family and as many sounds that are no drum, of the seed "
        f"{table.seed}, a second at {SAMPLE_RATE // 1000} kHz each, heard by the model whose "
        f"weights have the SHA-256 {table.model}..., as `bin/report --conditions` compares them. "
        "Circle, rectangle and triangle sound by their exact series, the others by finite "
        "differences; 0.1 to 1 m large, struck anywhere, with T60s of 0.3 to 6 s.",
        "\n".join(
            f"- {name}: {CONDITIONS[name].meaning}"
            for name in table.conditions
            if CONDITIONS[name].meaning
        ),
        f"## Family recognised, per cent\n\n{_order(untold)}",
        _by_family(table, table.families, untold, lambda f: percent(f.family)),
        f"## Size, median error in per cent\n\n{_order(heard)} A triangle, an ellipse and a star "
        "are told to the classical estimator as the polygons that they are or resemble.",
        _by_family(table, table.families, heard, lambda f: error(f.drum_size)),
        "## Size, the error in per cent that 90 % of the sounds stay below\n\n" + _order(heard),
        _by_family(table, table.families, heard, lambda f: error(f.drum_size_90)),
    ]
    if elongated:
        blocks += [
            f"## Aspect ratio, median error in per cent\n\n{_order(heard)}",
            _by_family(table, elongated, heard, lambda f: error(f.aspect_ratio)),
        ]
    return [
        *blocks,
        "## Outline, median intersection over union\n\n"
        f"At the best rotation and reflection. {_order(listening)} The mean predictor's is a disc.",
        _by_family(table, table.families, listening, lambda f: _share(f.overlap)),
        "## Intervals, drums and others, time\n\nPer cent of the 90 % intervals that hold the "
        "truth, the area under the ROC of the scores of drums and other sounds, and the "
        "milliseconds of one core that a sound takes, of the family that takes longest. "
        f"{_order(listening)}",
        _overall(table, listening),
    ]


def _order(estimators: Sequence[str]) -> str:
    return f"In this order: {', '.join(estimators)}."


def _by_family(
    table: ConditionTable,
    families: Sequence[str],
    estimators: Sequence[str],
    cell: Callable[[Figures], str],
) -> str:
    """Return a table of conditions by families, whose cells hold a figure of each estimator."""
    lines = [["condition", *families]]
    for condition in table.conditions:
        lines.append(
            [condition, *(_cells(table, condition, f, estimators, cell) for f in families)]
        )
    mean = [_cells(table, PLAIN, family, [MEAN], cell) for family in families]
    if any(mean):
        lines.append([MEAN, *mean])
    return markdown(lines)


def _cells(
    table: ConditionTable,
    condition: str,
    family: str,
    estimators: Sequence[str],
    cell: Callable[[Figures], str],
) -> str:
    found = [table.get(condition, family, estimator) for estimator in estimators]
    return joined([cell(each) if each else "" for each in found])


def _overall(table: ConditionTable, estimators: Sequence[str]) -> str:
    """Return a table of conditions with what is not told apart by family."""
    lines = [["condition", *_NUMBERS.values(), "area under the ROC", "time, ms"]]
    for condition in table.conditions:
        shares = [
            joined([percent(table.coverage(condition, each, name)) for each in estimators])
            for name in _NUMBERS
        ]
        areas = [table.area_under_curve(condition, each) for each in estimators]
        seconds = [_seconds(table, condition, each) for each in estimators]
        lines.append([condition, *shares, joined(map(_area, areas)), joined(seconds)])
    return markdown(lines)


def _seconds(table: ConditionTable, condition: str, estimator: str) -> str:
    """Return the longest of the families' times, in milliseconds."""
    found = [
        row.figures.seconds
        for row in table.rows
        if (row.condition, row.estimator) == (condition, estimator)
    ]
    return f"{1000 * max(found):.0f}" if found else ""


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _area(area: float | None) -> str:
    return "" if area is None else f"{area:.4f}"
