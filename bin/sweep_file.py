"""Read a sweep from its yaml file, in the format of wandb, and suggest its parameters by Optuna.

Source: https://docs.wandb.ai/models/sweeps/sweep-config-keys
"""

import itertools
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
import yaml
from scipy.special import betaincinv, ndtri

from kac_prediction._checks import check_choice, check_count, check_number

# The numbers of each distribution, with their bounds.
POSITIVE = {"above": 0.0}
ENDS: dict[str, dict[str, float]] = {"min": {}, "max": {}}
POSITIVE_ENDS = {"min": POSITIVE, "max": POSITIVE}
NORMAL = {"mu": {}, "sigma": {"least": 0.0}}
NUMBERS = {"uniform": ENDS, "log_uniform": ENDS, "log_uniform_values": POSITIVE_ENDS}
NUMBERS |= {"normal": NORMAL, "log_normal": NORMAL, "beta": {"a": POSITIVE, "b": POSITIVE}}
NUMBERS |= {f"q_{kind}": {**bounds, "q": POSITIVE} for kind, bounds in NUMBERS.items()}
NUMBERS |= {"inv_log_uniform": ENDS, "inv_log_uniform_values": POSITIVE_ENDS, "int_uniform": ENDS}
DEFAULTS = {"mu": 0.0, "sigma": 1.0, "a": 1.0, "b": 1.0, "q": 1}
DISTRIBUTIONS = sorted([*NUMBERS, "constant", "categorical", "categorical_w_probabilities"])


class Sweep:
    """What a file says: the parameters, the command of a trial, and the metric it is judged by.

    Raises:
        ValueError: it is not a sweep; names the file and what is wrong.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            if not isinstance(content, Mapping):
                raise ValueError("it is no mapping")
            for key in ("method", "program", "parameters", "metric"):
                if not content.get(key):
                    raise ValueError(f"a local sweep needs the key {key}")
            self.method = check_choice("method", content["method"], ("random", "grid", "bayes"))
            self.program = str(content["program"])
            self._command = content.get("command", ["${interpreter}", "${program}"])
            self.cap: int | None = content.get("run_cap")
            items = content["parameters"].items()
            self.parameters = {name: complete(name, parameter) for name, parameter in items}
            self.combinations = grid(self.parameters) if self.method == "grid" else None
            metric = content["metric"]
            if not isinstance(metric, Mapping) or "name" not in metric:
                raise ValueError(f"metric must be a mapping with a name, not {metric!r}")
            self.metric, self.target = str(metric["name"]), metric.get("target")
            goals: tuple[Literal["minimize", "maximize"], ...] = ("minimize", "maximize")
            self.goal = check_choice("the metric's goal", metric.get("goal", goals[0]), goals)
            halving = content.get("early_terminate") or {}
            self.pruner, self.strict = pruner(halving), bool(halving.get("strict", True))
        except (ValueError, TypeError, yaml.YAMLError) as error:
            raise ValueError(f"{file}: {error}") from error

    def choose(self, trial: optuna.Trial, index: int) -> dict[str, Any]:
        """Return the parameters of a trial: those that Optuna suggests, or a combination."""
        if self.combinations is not None:
            return self.combinations[index]
        return {name: suggest(trial, name, each) for name, each in self.parameters.items()}

    def best(self, values: Iterable[float]) -> float:
        """Return the best value of the metric; inf or -inf where there is none."""
        minimise = self.goal == "minimize"
        return min(values, default=math.inf) if minimise else max(values, default=-math.inf)

    def reaches_target(self, values: Iterable[float]) -> bool:
        """Return whether one of the values is as good as the target, if there is one."""
        best = self.best(values)
        return self.target is not None and self.best([best, self.target]) == best

    def values(self, records: Iterable[Mapping[str, Any]]) -> list[float]:
        """Return the metric of the epochs, without those where it is no finite number."""
        values = []
        for record in records:
            value: Any = record
            for part in self.metric.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if isinstance(value, int | float) and not isinstance(value, bool):
                values.append(float(value))
        return [value for value in values if math.isfinite(value)]

    def command(self) -> list[str]:
        """Return the command of a trial: this Python whatever the file names, without --wandb."""
        places = [Path.cwd(), *self.file.absolute().parents]
        program = next((p / self.program for p in places if (p / self.program).is_file()), None)
        if program is None:
            raise FileNotFoundError(
                f"{self.file} names the program {self.program}, which is neither in {places[0]} nor"
                " in a directory above the file"
            )
        words = []
        for word in map(str, self._command):
            if word == "${program}":
                words.append(str(program))
            elif re.fullmatch(r"\$\{interpreter\}|(.*[/\\])?python[\d.]*(\.exe)?", word):
                words.append(sys.executable)
            elif not re.fullmatch(r"--wandb|\$\{(env|args\w*)\}", word):
                variables = re.compile(r"\$\{envvar:(\w+)\}")
                words.append(variables.sub(lambda found: os.environ.get(found[1], ""), word))
        return words


def pruner(section: Mapping[str, Any]) -> optuna.pruners.BasePruner:
    """Return the pruner for `early_terminate`: asynchronous successive halving.

    A trial goes on past the epochs min_iter * eta^k, or from max_iter / eta^s up, while it is among
    the best 1 / eta that have come so far. Source: L. Li et al., "A System for Massively Parallel
    Hyperparameter Tuning", 2018, https://arxiv.org/abs/1810.05934.
    """
    if not section:
        return optuna.pruners.NopPruner()
    check_choice("the type of early_terminate", section.get("type"), ("hyperband",))
    if unknown := section.keys() - {"type", "strict", "eta", "min_iter", "max_iter", "s"}:
        raise ValueError(f"early_terminate has no key {', '.join(sorted(unknown))}")
    eta = check_count("eta of early_terminate", section.get("eta", 3), least=2)
    first = section.get("min_iter", 0)
    if "max_iter" in section:
        ends = [int(section["max_iter"] / eta**k) for k in range(1, section.get("s", 0) + 1)]
        first = min((end for end in ends if end >= 1), default=0)
    if first < 1:
        raise ValueError(f"early_terminate needs min_iter, or max_iter and s, from 1: {section}")
    return optuna.pruners.SuccessiveHalvingPruner(first, eta)


def complete(name: str, parameter: Any) -> dict[str, Any]:
    """Return a checked parameter with all it needs; its keys may imply the distribution."""
    if not isinstance(parameter, Mapping):
        raise ValueError(f"parameter {name} must be a mapping like 'value: 3', not {parameter!r}")
    if "distribution" in parameter:
        place = f"the distribution of parameter {name}"
        kind = check_choice(place, parameter["distribution"], DISTRIBUTIONS)
    elif "parameters" in parameter:
        items = parameter["parameters"].items()
        inner = {key: complete(f"{name}.{key}", each) for key, each in items}
        return {"distribution": "parameters", "parameters": inner}
    elif "value" in parameter:
        kind = "constant"
    elif "values" in parameter:
        kind = "categorical_w_probabilities" if "probabilities" in parameter else "categorical"
    elif ENDS.keys() <= parameter.keys():
        whole = all(isinstance(parameter[end], int) for end in ENDS)
        kind = "int_uniform" if whole else "uniform"
    else:
        raise ValueError(f"parameter {name} needs value, values, or min and max: {dict(parameter)}")

    if kind not in NUMBERS:
        values = parameter.get("values")
        if kind == "constant":
            values = [parameter["value"]] if "value" in parameter else None
        if not isinstance(values, list) or not values:
            needed = "value" if kind == "constant" else "values, a list"
            raise ValueError(f"parameter {name} needs {needed}")
        weights = parameter.get("probabilities", [1 / len(values)] * len(values))
        if len(weights) != len(values) or min(weights) < 0 or abs(sum(weights) - 1) > 0.011:
            raise ValueError(  # 0.011, since thirds are written 0.33
                f"parameter {name} needs a probability from 0 for each value, 1 together: {weights}"
            )
        return {"distribution": kind, "values": values, "probabilities": weights}
    numbers = {key: parameter.get(key, DEFAULTS.get(key)) for key in NUMBERS[kind]}
    for key, bounds in NUMBERS[kind].items():
        check_number(f"{key} of parameter {name}", numbers[key], **bounds)
    if "max" in numbers:
        check_number(f"max of parameter {name}", numbers["max"], least=numbers["min"])
    if kind == "int_uniform" and not isinstance(numbers["min"] + numbers["max"], int):
        raise ValueError(f"parameter {name} needs whole min and max")
    return {"distribution": kind, **numbers}


def suggest(trial: optuna.Trial, name: str, parameter: Mapping[str, Any]) -> Any:
    """Suggest a value of a complete parameter; by a quantile where Optuna has no distribution."""
    kind: str = parameter["distribution"]
    if kind == "parameters":
        inner = parameter["parameters"].items()
        return {key: suggest(trial, f"{name}.{key}", each) for key, each in inner}
    if kind == "constant":
        return parameter["values"][0]
    if kind == "categorical":
        texts = [json.dumps(value) for value in parameter["values"]]  # Optuna stores no lists
        return parameter["values"][texts.index(trial.suggest_categorical(name, texts))]
    low, high = parameter.get("min", 2.0**-53), parameter.get("max", 1 - 2.0**-53)
    if kind == "int_uniform":
        return trial.suggest_int(name, low, high)
    value = trial.suggest_float(name, low, high, log=kind.endswith("log_uniform_values"))
    if kind == "categorical_w_probabilities":
        totals = np.cumsum(parameter["probabilities"])
        return parameter["values"][int(np.searchsorted(totals, value * totals[-1]))]
    if kind.endswith("beta"):
        value = float(betaincinv(parameter["a"], parameter["b"], value))
    elif kind.endswith("normal"):
        value = float(parameter["mu"] + parameter["sigma"] * ndtri(value))
    if kind.endswith(("log_uniform", "log_normal")):
        value = math.exp(-value if kind.startswith("inv") else value)
    step = parameter.get("q")
    return tidy(round(value / step) * step, step) if step else value


def grid(parameters: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return all combinations of values; those of the last parameter change fastest."""
    choices: list[list[Any]] = []
    for name, parameter in parameters.items():
        kind, step = parameter["distribution"], parameter.get("q", 1)
        if kind == "parameters":
            choices.append(grid(parameter["parameters"]))
        elif kind in ("constant", "categorical"):
            choices.append(parameter["values"])
        elif kind in ("int_uniform", "q_uniform"):
            count = math.floor((parameter["max"] - parameter["min"]) / step + 1e-9) + 1
            choices.append([tidy(parameter["min"] + i * step, step) for i in range(count)])
        else:
            raise ValueError(
                f"parameter {name} is {kind}, which is no finite number of values: a grid needs"
                " value, values, whole min and max, or q_uniform"
            )
    return [dict(zip(parameters, row, strict=True)) for row in itertools.product(*choices)]


def tidy(value: float, step: float) -> float | int:
    """Return an int where the step is one, so that it can be a batch size; 0.3, not 3 * 0.1."""
    return int(value) if isinstance(step, int) and value == int(value) else float(f"{value:.12g}")
