"""A sweep as its yaml file has it, in the format of wandb, for Optuna.

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
from typing import Any

import numpy as np
import optuna
import yaml
from scipy.special import betaincinv, ndtri

from kac_prediction._checks import check_choice, check_count, check_number

QUANTILES = (2.0**-53, 1 - 2.0**-53)
LOGARITHMIC = ("log_uniform", "log_uniform_values", "inv_log_uniform", "inv_log_uniform_values")
ROUNDED = ("uniform", "log_uniform", "log_uniform_values", "normal", "log_normal", "beta")
DISTRIBUTIONS = sorted(
    {"constant", "categorical", "categorical_w_probabilities", "int_uniform"}
    | {*LOGARITHMIC, *ROUNDED, *(f"q_{name}" for name in ROUNDED)}
)


class Sweep:
    """What a file says: the parameters, how a trial is called, and what it is judged by.

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
            self.cap = content.get("run_cap")
            self.parameters: dict[str, Any] = content["parameters"]
            for name, parameter in self.parameters.items():
                check_parameter(name, parameter)
            self.combinations = grid(self.parameters) if self.method == "grid" else None
            metric = content["metric"]
            if not isinstance(metric, Mapping) or "name" not in metric:
                raise ValueError(f"metric must be a mapping with a name, not {metric!r}")
            self.metric, self.target = str(metric["name"]), metric.get("target")
            goals = ("minimize", "maximize")
            self.goal = check_choice("the metric's goal", metric.get("goal", goals[0]), goals)
            self.pruner = pruner(content.get("early_terminate"))
            self.strict = bool((content.get("early_terminate") or {}).get("strict", True))
        except (ValueError, TypeError, yaml.YAMLError) as error:
            raise ValueError(f"{file}: {error}") from error

    def best(self, values: Iterable[float]) -> float:
        """Return the best value of the metric; inf or -inf where there is none."""
        minimise = self.goal == "minimize"
        return min(values, default=math.inf) if minimise else max(values, default=-math.inf)

    def value_in(self, record: Mapping[str, Any]) -> float | None:
        """Return the metric of an epoch; None where it is missing or not a finite number."""
        found: Any = record
        for part in self.metric.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        number = isinstance(found, int | float) and not isinstance(found, bool)
        return float(found) if number and math.isfinite(found) else None

    def command(self) -> list[str]:
        """Return the command of a trial: this Python whatever the file names, without --wandb."""
        places = [Path.cwd(), *self.file.absolute().parents]
        programs = [place / self.program for place in places if (place / self.program).is_file()]
        if not programs:
            raise FileNotFoundError(
                f"{self.file} names the program {self.program}, which is neither in {places[0]} nor"
                " in a directory above the file"
            )
        words = []
        for word in map(str, self._command):
            if word == "${program}":
                words.append(str(programs[0]))
            elif word == "${interpreter}" or re.fullmatch(r"python[\d.]*(\.exe)?", Path(word).name):
                words.append(sys.executable)
            elif word != "--wandb" and not re.fullmatch(r"\$\{(env|args\w*)\}", word):
                variable = r"\$\{envvar:(\w+)\}"
                words.append(re.sub(variable, lambda m: os.environ.get(m[1], ""), word))
        return words


def pruner(section: Mapping[str, Any] | None) -> optuna.pruners.BasePruner:
    """Return the pruner for `early_terminate`: asynchronous successive halving.

    A trial goes on past the epochs min_iter * eta^k, or from max_iter / eta^s up, while it is among
    the best 1 / eta that have come so far. Source: L. Li et al., "A System for Massively Parallel
    Hyperparameter Tuning", 2018, https://arxiv.org/abs/1810.05934.
    """
    if not section:
        return optuna.pruners.NopPruner()
    given = {key: value for key, value in section.items() if key != "strict"}
    check_choice("the type of early_terminate", given.pop("type", None), ("hyperband",))
    if unknown := given.keys() - {"eta", "min_iter", "max_iter", "s"}:
        raise ValueError(f"early_terminate has no key {', '.join(sorted(unknown))}")
    eta = check_count("eta of early_terminate", given.get("eta", 3), least=2)
    first = given.get("min_iter", 0)
    if "max_iter" in given:
        ends = [int(given["max_iter"] / eta**k) for k in range(1, int(given.get("s", 0)) + 1)]
        first = min((end for end in ends if end >= 1), default=0)
    if first < 1:
        raise ValueError(f"early_terminate needs min_iter, or max_iter and s, from 1: {given}")
    return optuna.pruners.SuccessiveHalvingPruner(first, eta)


def distribution(name: str, parameter: Any) -> str:
    """Return the distribution of a parameter, which its keys imply where it is not named."""
    if not isinstance(parameter, Mapping):
        raise ValueError(
            f"parameter {name} must be a mapping such as 'value: 3', not {parameter!r}"
        )
    if "distribution" in parameter:
        place = f"the distribution of parameter {name}"
        return check_choice(place, parameter["distribution"], DISTRIBUTIONS)
    if "parameters" in parameter:
        return "parameters"
    if "value" in parameter:
        return "constant"
    if "values" in parameter:
        return "categorical_w_probabilities" if "probabilities" in parameter else "categorical"
    if not {"min", "max"} <= parameter.keys():
        raise ValueError(f"parameter {name} needs value, values, or min and max: {dict(parameter)}")
    whole = isinstance(parameter["min"], int) and isinstance(parameter["max"], int)
    return "int_uniform" if whole else "uniform"


def check_parameter(name: str, parameter: Any) -> None:
    """Raise ValueError or TypeError for a parameter of which no value can be drawn."""
    kind = distribution(name, parameter)

    def check(key: str, default: Any = None, **bounds: float) -> float:
        return check_number(f"{key} of parameter {name}", parameter.get(key, default), **bounds)

    if kind == "parameters":
        for key, inner in parameter["parameters"].items():
            check_parameter(f"{name}.{key}", inner)
    elif kind == "constant":
        if "value" not in parameter:
            raise ValueError(f"parameter {name} needs value")
    elif kind.startswith("categorical"):
        values = parameter.get("values")
        if not isinstance(values, list) or not values:
            raise ValueError(f"parameter {name} needs values, a list")
        weights = parameter.get("probabilities", [1 / len(values)] * len(values))
        if len(weights) != len(values) or min(weights) < 0 or abs(sum(weights) - 1) > 0.011:
            raise ValueError(  # 0.011, since thirds are written 0.33
                f"parameter {name} needs a probability from 0 for each value, 1 together: {weights}"
            )
    elif kind.endswith("normal"):
        check("mu", 0.0)
        check("sigma", 1.0, least=0)
    elif kind.endswith("beta"):
        check("a", 1.0, above=0)
        check("b", 1.0, above=0)
    else:
        check("max", least=check("min", above=0 if kind.endswith("_values") else -math.inf))
        if kind == "int_uniform" and not isinstance(parameter["min"] + parameter["max"], int):
            raise ValueError(f"parameter {name} needs whole min and max")
    if kind.startswith("q_"):
        check("q", 1, above=0)


def suggest(trial: optuna.Trial, name: str, parameter: Mapping[str, Any]) -> Any:
    """Suggest a value of a parameter; by a quantile where Optuna lacks its distribution."""
    kind, get = distribution(name, parameter), parameter.get
    if kind == "parameters":
        inner = parameter["parameters"].items()
        return {key: suggest(trial, f"{name}.{key}", each) for key, each in inner}
    if kind == "constant":
        return parameter["value"]
    if kind == "categorical":
        texts = [json.dumps(value) for value in parameter["values"]]  # Optuna stores no lists
        return parameter["values"][texts.index(trial.suggest_categorical(name, texts))]
    if kind == "categorical_w_probabilities":
        ends = np.cumsum(parameter["probabilities"])
        place = np.searchsorted(ends, trial.suggest_float(name, *QUANTILES) * ends[-1])
        return parameter["values"][int(place)]
    if kind == "int_uniform":
        return trial.suggest_int(name, parameter["min"], parameter["max"])
    base = kind.removeprefix("q_")
    if base == "uniform":
        value = trial.suggest_float(name, parameter["min"], parameter["max"])
    elif base in LOGARITHMIC:
        low, high = parameter["min"], parameter["max"]
        if not base.endswith("values"):  # the ends are logarithms, of X or of 1 / X
            low, high = map(math.exp, (-high, -low) if base.startswith("inv") else (low, high))
        value = trial.suggest_float(name, low, high, log=True)
    elif base == "beta":
        value = betaincinv(get("a", 1.0), get("b", 1.0), trial.suggest_float(name, *QUANTILES))
    else:
        deviation = get("sigma", 1.0) * ndtri(trial.suggest_float(name, *QUANTILES))
        value = get("mu", 0.0) + deviation
        value = math.exp(value) if base == "log_normal" else value
    step = get("q", 1)
    return float(value) if kind == base else tidy(round(value / step) * step, step)


def grid(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all combinations of values; those of the last parameter change fastest."""
    choices: list[list[Any]] = []
    for name, parameter in parameters.items():
        kind = distribution(name, parameter)
        if kind == "parameters":
            choices.append(list(grid(parameter["parameters"])))
        elif kind in ("constant", "categorical"):
            choices.append(parameter.get("values") or [parameter["value"]])
        elif kind == "int_uniform":
            choices.append(list(range(parameter["min"], parameter["max"] + 1)))
        elif kind == "q_uniform":
            step, low = parameter.get("q", 1), parameter["min"]
            count = math.floor((parameter["max"] - low) / step + 1e-9) + 1
            choices.append([tidy(low + i * step, step) for i in range(count)])
        else:
            raise ValueError(
                f"parameter {name} is {kind}, which is no finite number of values: a grid needs"
                " value, values, whole min and max, or q_uniform"
            )
    return [dict(zip(parameters, row, strict=True)) for row in itertools.product(*choices)]


def tidy(value: float, step: float) -> float | int:
    """Return an int where the step is one, so that it can be a batch size; 0.3, not 3 * 0.1."""
    return int(value) if isinstance(step, int) and value == int(value) else float(f"{value:.12g}")
