"""How well a model hears, in numbers that mean something to a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .confusion import Confusion
from .errors import LabelReport


@dataclass(frozen=True)
class Report:
    """The errors of a model on sounds that it never heard, beside those it is compared with.

    `report["drum_size"].model.mean_absolute` is in metres, and `str(report)` is a table.

    Attributes:
        labels: by label, the errors of its numbers.
        classes: by label, which of its classes are taken for which.
    """

    labels: Mapping[str, LabelReport]
    classes: Mapping[str, Confusion] = field(default_factory=dict)

    def __getitem__(self, label: str) -> LabelReport:
        """The errors of a label."""
        return self.labels[label]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types, as a line of JSON keeps it."""
        return {
            "labels": {name: report.to_dict() for name, report in self.labels.items()},
            "classes": {name: found.to_dict() for name, found in self.classes.items()},
        }

    def __str__(self) -> str:
        """Return a table for each label."""
        return "\n\n".join(map(str, [*self.classes.values(), *self.labels.values()]))
