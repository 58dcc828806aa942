"""A sweep as its yaml file has it: what to run, with what, and what to judge it by."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ..tracking.local import Record
from ..training.options import read_yaml
from .distributions import check_parameter
from .hyperband import Hyperband

Method = Literal["random", "grid", "bayes"]

_COMMAND: Final = ("${env}", "${interpreter}", "${program}", "${args}")


@dataclass(frozen=True)
class Metric:
    """What trials are judged by.

    Attributes:
        name: of a value in `log.jsonl`, with dots where mappings are nested.
        goal: whether lower or higher is better.
        target: a value that ends the sweep when a trial gets as far; None: none.
    """

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    target: float | None = None

    def loss(self, value: float) -> float:
        """The value as something of which less is better, and back."""
        return value if self.goal == "minimize" else -value

    def value_in(self, record: Record) -> float | None:
        """The value in a record; None where it is missing or not a finite number."""
        found: Any = record
        for part in self.name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        return float(found) if math.isfinite(found) else None

    def reached(self, value: float) -> bool:
        """Whether the target is reached, if there is one."""
        return self.target is not None and self.loss(value) <= self.loss(self.target)


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        file: where it is written.
        program: the program, as the file names it.
        command: how the program is called, in the words of the file.
        method: how parameters are chosen.
        parameters: by name, what each may be.
        metric: what trials are judged by.
        stopping: when a trial is not worth going on with; None: never.
        cap: how many trials at most; None: no end.
    """

    file: Path
    program: str
    command: tuple[str, ...]
    method: Method
    parameters: Mapping[str, Any]
    metric: Metric
    stopping: Hyperband | None
    cap: int | None

    @property
    def essence(self) -> dict[str, Any]:
        """What may not change while trials of it are compared, as it is read back from JSON."""
        metric = {"name": self.metric.name, "goal": self.metric.goal}
        essence = {"method": self.method, "parameters": self.parameters, "metric": metric}
        read_back: dict[str, Any] = json.loads(json.dumps(essence))
        return read_back


def read_sweep(path: str | Path) -> Sweep:
    """Read a sweep from a yaml file, as weights and biases take it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a sweep; names the file and what is wrong.
    """
    content = read_yaml(path)
    try:
        return _sweep(Path(path), content)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _sweep(file: Path, content: Mapping[str, Any]) -> Sweep:
    method = content.get("method")
    if method not in ("random", "grid", "bayes"):
        raise ValueError(f"method must be random, grid or bayes, not {method!r}")
    for key in ("program", "parameters", "metric"):
        if not content.get(key):
            raise ValueError(f"a local sweep needs the key {key}")
    for name, parameter in content["parameters"].items():
        check_parameter(name, parameter)
    stopping = content.get("early_terminate")
    return Sweep(
        file=file,
        program=str(content["program"]),
        command=tuple(map(str, content.get("command", _COMMAND))),
        method=method,
        parameters=content["parameters"],
        metric=_metric(content["metric"]),
        stopping=Hyperband.of(stopping) if stopping else None,
        cap=content.get("run_cap"),
    )


def _metric(section: Mapping[str, Any]) -> Metric:
    if not isinstance(section, Mapping) or "name" not in section:
        raise ValueError(f"metric must be a mapping with a name, not {section!r}")
    goal = section.get("goal", "minimize")
    if goal not in ("minimize", "maximize"):
        raise ValueError(f"the metric's goal must be minimize or maximize, not {goal!r}")
    return Metric(section["name"], goal, section.get("target"))
