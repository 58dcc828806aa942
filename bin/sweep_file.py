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
from scipy.special import betaincinv, ndtri

from kac_prediction._checks import brief, check_choice, check_count, check_number
from kac_prediction.pipeline.training.yaml_file import read_yaml

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
LARGEST_GRID = 10**5  # combinations
DISTRIBUTIONS = sorted([*NUMBERS, "constant", "categorical", "categorical_w_probabilities"])


class Sweep:
    """What a file says: the parameters, the command of a trial, and the metric it is judged by.

    Raises:
        ValueError: it is not a sweep; names the file and what is wrong.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            content = read_yaml(file)
            for key in ("method", "program", "parameters", "metric"):
                if not content.get(key):
                    raise ValueError(f"a local sweep needs the key {key}")
            self.method = check_choice("method", content["method"], ("random", "grid", "bayes"))
            self.program = str(content["program"])
            command = content.get("command", ["${interpreter}", "${program}"])
            self._command = [command] if isinstance(command, str) else [*command]
            cap = content.get("run_cap")
            self.cap = None if cap is None else check_count("run_cap", cap)
            if not isinstance(parameters := content["parameters"], Mapping):
                raise ValueError(f"parameters must be a mapping, not {brief(parameters)}")
            items = parameters.items()
            self.parameters = {str(name): complete(name, parameter) for name, parameter in items}
            json.dumps(self.parameters)  # which refuses a date
            self.combinations = grid(self.parameters) if self.method == "grid" else None
            metric = content["metric"]
            if not isinstance(metric, Mapping) or "name" not in metric:
                raise ValueError(f"metric must be a mapping with a name, not {brief(metric)}")
            self.metric, target = str(metric["name"]), metric.get("target")
            self.target = None if target is None else check_number("the metric's target", target)
            goals: tuple[Literal["minimize", "maximize"], ...] = ("minimize", "maximize")
            self.goal = check_choice("the metric's goal", metric.get("goal", goals[0]), goals)
            halving = content.get("early_terminate") or {}
            if not isinstance(halving, Mapping):
                raise ValueError(f"early_terminate must be a mapping, not {brief(halving)}")
            self.pruner, self.strict = pruner(halving), bool(halving.get("strict", True))
        except (ValueError, TypeError) as error:
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
        """Return the metric of the epochs, without those where it is no finite number.

        Of a loss that is several, the aggregate. `testing_loss`, as legacy sweeps have it, is the
        validation loss.
        """
        values, names = [], re.sub(r"^testing_loss\b", "selection_loss", self.metric).split(".")
        for record in records:
            value: Any = record
            for part in names:
                value = value.get(part) if isinstance(value, Mapping) else None
            value = value.get("aggregate") if isinstance(value, Mapping) else value
            if isinstance(value, int | float) and not isinstance(value, bool):
                values.append(float(value))
        return [value for value in values if math.isfinite(value)]

    def program_path(self) -> Path:
        """Return where the program is: here, or in a directory above the file."""
        places = [Path.cwd(), *self.file.absolute().parents]
        program = next((p / self.program for p in places if (p / self.program).is_file()), None)
        if program is None:
            raise FileNotFoundError(
                f"{self.file} names the program {self.program}, which is neither in {places[0]} nor"
                " in a directory above the file: name one that is, such as bin/train.py with a"
                " command as in bin/config/wandb"
            )
        return program

    def check_program(self) -> None:
        """Refuse a program that does not take the parameters of a trial, by its text."""
        text = self.program_path().read_bytes()
        if b"--config" not in text and b"kac_prediction.cli" not in text:
            raise ValueError(
                f"{self.file} names the program {self.program}, which takes no --config FILE (nor"
                " --exports-dir FOLDER), as a trial is given its parameters: name one that does,"
                " such as bin/train.py with a command as in bin/config/wandb"
            )

    def command(self) -> list[str]:
        """Return the command of a trial: this Python whatever the file names, without --wandb."""
        program = self.program_path()
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
    first = check_count("min_iter of early_terminate", section.get("min_iter", 0), 0)
    if "max_iter" in section:
        last = check_number("max_iter of early_terminate", section["max_iter"])
        brackets = check_count("s of early_terminate", section.get("s", 0), 0, 64)
        ends = [int(last / eta**k) for k in range(1, brackets + 1)]
        first = min((end for end in ends if end >= 1), default=0)
    if first < 1:
        raise ValueError(
            f"early_terminate needs min_iter, or max_iter and s, from 1: {brief(section)}"
        )
    return optuna.pruners.SuccessiveHalvingPruner(first, eta)


def complete(name: str, parameter: Any) -> dict[str, Any]:
    """Return a checked parameter with all it needs; its keys may imply the distribution."""
    if not isinstance(parameter, Mapping):
        raise ValueError(
            f"parameter {name} must be a mapping like 'value: 3', not {brief(parameter)}"
        )
    if "distribution" in parameter:
        place = f"the distribution of parameter {name}"
        kind = check_choice(place, parameter["distribution"], DISTRIBUTIONS)
    elif "parameters" in parameter:
        if not isinstance(parameter["parameters"], Mapping):
            raise ValueError(f"the parameters of {name} must be a mapping")
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
        raise ValueError(
            f"parameter {name} needs value, values, or min and max: {brief(parameter)}"
        )

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
                f"parameter {name} needs a probability from 0 for each value, 1 together: "
                f"{brief(weights)}"
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
            check_count(f"the number of values of parameter {name}", count, most=LARGEST_GRID)
            choices.append([tidy(parameter["min"] + i * step, step) for i in range(count)])
        else:
            raise ValueError(
                f"parameter {name} is {kind}, which is no finite number of values: a grid needs"
                " value, values, whole min and max, or q_uniform"
            )
    check_count("the number of combinations", math.prod(map(len, choices)), most=LARGEST_GRID)
    return [dict(zip(parameters, row, strict=True)) for row in itertools.product(*choices)]


def tidy(value: float, step: float) -> float | int:
    """Return an int where the step is one, so that it can be a batch size; 0.3, not 3 * 0.1."""
    return int(value) if isinstance(step, int) and value == int(value) else float(f"{value:.12g}")
