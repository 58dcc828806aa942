"""What a parameter of a sweep may be, and how a value of it is drawn.

Names, keys and meanings are those of a sweep configuration of weights and biases.
Source: https://docs.wandb.ai/models/sweeps/sweep-config-keys
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

Parameter = Mapping[str, Any]
Parameters = Mapping[str, Parameter]

_MIN_MAX: Final = ("min", "max")
_TOLERANCE: Final = 0.011  # how far probabilities together may be from 1: thirds are written 0.33

# Of a parameter's settings and a generator, a real number. Those whose name begins with q_ are
# rounded to multiples of q besides; "log" stands for the natural logarithm.
_REAL: Final[dict[str, Callable[[Parameter, np.random.Generator], float]]] = {
    "uniform": lambda p, rng: rng.uniform(p["min"], p["max"]),
    "log_uniform": lambda p, rng: math.exp(rng.uniform(p["min"], p["max"])),
    "log_uniform_values": lambda p, rng: math.exp(
        rng.uniform(math.log(p["min"]), math.log(p["max"]))
    ),
    "inv_log_uniform": lambda p, rng: math.exp(-rng.uniform(p["min"], p["max"])),
    "inv_log_uniform_values": lambda p, rng: math.exp(
        -rng.uniform(-math.log(p["max"]), -math.log(p["min"]))
    ),
    "normal": lambda p, rng: rng.normal(p.get("mu", 0.0), p.get("sigma", 1.0)),
    "log_normal": lambda p, rng: rng.lognormal(p.get("mu", 0.0), p.get("sigma", 1.0)),
    "beta": lambda p, rng: rng.beta(p.get("a", 1.0), p.get("b", 1.0)),
}
_QUANTISED: Final = {
    f"q_{name}": name
    for name in ("uniform", "log_uniform", "log_uniform_values", "normal", "log_normal", "beta")
}
_OTHERS: Final = (
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    "parameters",
)


def distribution(name: str, parameter: Parameter) -> str:
    """The distribution of a parameter, which its keys imply where it is not named.

    Raises:
        ValueError: there is none, or it is not known.
    """
    if not isinstance(parameter, Mapping):
        raise ValueError(
            f"parameter {name} must be a mapping such as 'value: 3', not {parameter!r}"
        )
    if "distribution" in parameter:
        found = parameter["distribution"]
        if found not in (*_REAL, *_QUANTISED, *_OTHERS[:-1]):
            known = ", ".join(sorted((*_REAL, *_QUANTISED, *_OTHERS[:-1])))
            raise ValueError(f"parameter {name} has the distribution {found!r}; known are {known}")
        return str(found)
    if "parameters" in parameter:
        return "parameters"
    if "value" in parameter:
        return "constant"
    if "values" in parameter:
        weighted = "probabilities" in parameter
        return "categorical_w_probabilities" if weighted else "categorical"
    if not all(key in parameter for key in _MIN_MAX):
        raise ValueError(f"parameter {name} needs value, values, or min and max: {dict(parameter)}")
    whole = all(isinstance(parameter[key], int) for key in _MIN_MAX)
    return "int_uniform" if whole else "uniform"


def check_parameter(name: str, parameter: Parameter) -> None:
    """Refuse a parameter of which no value could be drawn.

    Raises:
        ValueError: names the parameter and what is wrong with it.
    """
    kind = distribution(name, parameter)
    if kind == "parameters":
        for inner, settings in parameter["parameters"].items():
            check_parameter(f"{name}.{inner}", settings)
    elif kind == "constant":
        _require(name, "value" in parameter, "needs value")
    elif kind.startswith("categorical"):
        _check_values(name, parameter, kind)
    elif kind.endswith("normal"):
        _require(name, parameter.get("sigma", 1.0) >= 0, "needs a sigma from 0")
    elif kind.endswith("beta"):
        positive = min(parameter.get("a", 1), parameter.get("b", 1)) > 0
        _require(name, positive, "needs a and b above 0")
    else:
        _check_ends(name, parameter, kind)
    if kind in _QUANTISED:
        _require(name, parameter.get("q", 1) > 0, "needs q above 0")


def draw(parameters: Parameters, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a value of each parameter."""
    return {name: _drawn(name, parameter, rng) for name, parameter in parameters.items()}


def grid(parameters: Parameters) -> list[dict[str, Any]]:
    """All combinations of values; those of the last parameter change fastest.

    Raises:
        ValueError: a parameter has no finite number of values.
    """
    choices = [_choices(name, parameter) for name, parameter in parameters.items()]
    return [dict(zip(parameters, values, strict=True)) for values in itertools.product(*choices)]


def _drawn(name: str, parameter: Parameter, rng: np.random.Generator) -> Any:
    kind = distribution(name, parameter)
    if kind == "parameters":
        return draw(parameter["parameters"], rng)
    if kind == "constant":
        return parameter["value"]
    if kind == "int_uniform":
        return int(rng.integers(parameter["min"], parameter["max"], endpoint=True))
    if kind.startswith("categorical"):
        values = parameter["values"]
        weights = np.asarray(parameter.get("probabilities", [1] * len(values)), np.float64)
        return values[rng.choice(len(values), p=weights / weights.sum())]
    if kind in _QUANTISED:
        return _rounded(_REAL[_QUANTISED[kind]](parameter, rng), parameter.get("q", 1))
    return float(_REAL[kind](parameter, rng))


def _choices(name: str, parameter: Parameter) -> list[Any]:
    """All values that a parameter can have, in their order."""
    kind = distribution(name, parameter)
    if kind == "parameters":
        return list(grid(parameter["parameters"]))
    if kind == "constant":
        return [parameter["value"]]
    if kind == "categorical":
        return list(parameter["values"])
    if kind == "int_uniform":
        return list(range(parameter["min"], parameter["max"] + 1))
    if kind == "q_uniform":
        step, low = parameter.get("q", 1), parameter["min"]
        steps = math.floor((parameter["max"] - low) / step + 1e-9)
        return [_clean(low + i * step, step) for i in range(steps + 1)]
    raise ValueError(
        f"parameter {name} is {kind}, which is no finite number of values: a grid needs value,"
        " values, whole min and max, or q_uniform"
    )


def _rounded(value: float, step: float) -> float | int:
    """The multiple of the step that is nearest."""
    return _clean(round(value / step) * step, step)


def _clean(value: float, step: float) -> float | int:
    """A whole number where the step is one, so that it can be a batch size; 0.3, not 3 * 0.1."""
    return int(value) if isinstance(step, int) and value == int(value) else float(f"{value:.12g}")


def _check_values(name: str, parameter: Parameter, kind: str) -> None:
    values = parameter.get("values")
    _require(name, isinstance(values, list) and bool(values), "needs values, a list")
    if kind == "categorical":
        return
    weights = parameter.get("probabilities", [])
    _require(name, len(weights) == len(values or ()), "needs one of the probabilities for a value")
    fine = min(weights) >= 0 and math.isclose(sum(weights), 1, abs_tol=_TOLERANCE)
    _require(name, fine, f"needs probabilities from 0 that are 1 together, not {weights}")


def _check_ends(name: str, parameter: Parameter, kind: str) -> None:
    _require(name, all(key in parameter for key in _MIN_MAX), "needs min and max")
    low, high = (parameter[key] for key in _MIN_MAX)
    for end in (low, high):
        number = isinstance(end, int | float) and not isinstance(end, bool)
        _require(name, number and math.isfinite(end), f"needs numbers as min and max, not {end!r}")
    _require(name, low <= high, f"has a min above its max: {low}, {high}")
    if kind.endswith("_values"):
        _require(name, low > 0, f"has a min of {low}, which has no logarithm")
    if kind == "int_uniform":
        _require(name, all(isinstance(end, int) for end in (low, high)), "needs whole min and max")


def _require(name: str, condition: bool, complaint: str) -> None:
    if not condition:
        raise ValueError(f"parameter {name} {complaint}")
