"""What a sweep draws: against the distributions of SciPy, and by hand."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from kac_prediction.pipeline.sweep.distributions import (
    check_parameter,
    distribution,
    draw,
    grid,
)

COUNT = 4000
LOG = {"min": 0.001, "max": 10.0}
NORMAL = {"mu": 1.5, "sigma": 0.4}
CONTINUOUS = {
    "uniform": ({"min": -1.0, "max": 3.0}, stats.uniform(-1, 4)),
    "log_uniform": ({"min": -3.0, "max": 1.0}, stats.loguniform(math.exp(-3), math.e)),
    "log_uniform_values": (LOG, stats.loguniform(0.001, 10)),
    # If log(1 / X) is uniform from -3 to 1, log(X) is so from -1 to 3.
    "inv_log_uniform": ({"min": -3.0, "max": 1.0}, stats.loguniform(math.exp(-1), math.exp(3))),
    "inv_log_uniform_values": (LOG, stats.loguniform(0.001, 10)),
    "normal": (NORMAL, stats.norm(1.5, 0.4)),
    "log_normal": (NORMAL, stats.lognorm(0.4, scale=math.exp(1.5))),
    "beta": ({"a": 2.0, "b": 5.0}, stats.beta(2, 5)),
}
QUANTISED = [name for name in CONTINUOUS if not name.startswith("inv")]


def drawn(parameter: dict[str, Any], count: int = COUNT) -> list[Any]:
    rng = np.random.default_rng(0)
    check_parameter("x", parameter)
    return [draw({"x": parameter}, rng)["x"] for _ in range(count)]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_numbers_follow_their_distribution(name: str) -> None:
    settings, expected = CONTINUOUS[name]
    found = drawn({"distribution": name, **settings})
    assert all(type(value) is float for value in found)
    assert stats.kstest(found, expected.cdf).pvalue > 0.01


@pytest.mark.parametrize("name", QUANTISED)
def test_quantised_numbers_are_the_nearest_multiples(name: str) -> None:
    settings, expected = CONTINUOUS[name]
    q = 0.2
    found = np.array(drawn({"distribution": f"q_{name}", **settings, "q": q}))
    steps = np.round(found / q)
    np.testing.assert_allclose(found, steps * q, atol=1e-9)
    values, counts = np.unique(steps, return_counts=True)
    share = expected.cdf((values + 0.5) * q) - expected.cdf((values - 0.5) * q)
    often = share * COUNT > 5
    observed = [*counts[often], COUNT - counts[often].sum()]
    wanted = [*share[often] * COUNT, (1 - share[often].sum()) * COUNT + 1e-9]
    assert stats.chisquare(observed, wanted, sum_check=False).pvalue > 0.01


def test_standard_settings_are_those_of_the_documentation() -> None:
    assert stats.kstest(drawn({"distribution": "normal"}), stats.norm.cdf).pvalue > 0.01
    assert stats.kstest(drawn({"distribution": "log_normal"}), stats.lognorm(1).cdf).pvalue > 0.01
    assert stats.kstest(drawn({"distribution": "beta"}), stats.uniform.cdf).pvalue > 0.01
    whole = drawn({"distribution": "q_uniform", "min": 1, "max": 4}, 200)
    assert set(whole) == {1, 2, 3, 4}
    assert all(type(value) is int for value in whole)


def test_whole_numbers_are_all_as_likely() -> None:
    found = drawn({"min": 3, "max": 7})
    assert all(type(value) is int for value in found)
    counts = Counter(found)
    assert sorted(counts) == [3, 4, 5, 6, 7]
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("weights", [None, [0.7, 0.2, 0.1], [0.33, 0.33, 0.33], [1, 0, 0]])
def test_values_keep_their_type_and_their_probability(weights: list[float] | None) -> None:
    values = [8, "tiny", [0.7, 0.15, 0.15]]
    more = {} if weights is None else {"probabilities": weights}
    found = drawn({"values": values, **more})
    assert all(any(value is one for one in values) for value in found)
    counts = [sum(value is one for value in found) for one in values]
    wanted = np.array(weights or [1, 1, 1], np.float64)
    possible = wanted > 0
    assert not np.array(counts)[~possible].any()
    expected = COUNT * wanted[possible] / wanted.sum()
    if possible.sum() > 1:
        assert stats.chisquare(np.array(counts)[possible], expected).pvalue > 0.01


def test_constants_and_what_is_nested() -> None:
    inner = {"rate": {"value": 0.1}, "kind": {"values": ["adam"]}}
    parameters = {"epochs": {"value": 30}, "optimiser": {"parameters": inner}}
    assert draw(parameters, np.random.default_rng(0)) == {
        "epochs": 30,
        "optimiser": {"rate": 0.1, "kind": "adam"},
    }


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ({"min": 1, "max": 2}, "int_uniform"),
        ({"min": 1, "max": 2.0}, "uniform"),
        ({"min": 1.0, "max": 2.0}, "uniform"),
        ({"value": None}, "constant"),
        ({"values": [1]}, "categorical"),
        ({"values": [1], "probabilities": [1]}, "categorical_w_probabilities"),
        ({"parameters": {}}, "parameters"),
    ],
)
def test_the_keys_imply_the_distribution(parameter: dict[str, Any], kind: str) -> None:
    assert distribution("x", parameter) == kind


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        (3, "x must be a mapping"),
        ({}, "x needs value, values, or min and max"),
        ({"min": 1}, "x needs value, values, or min and max"),
        ({"distribution": "triangular"}, "'triangular'; known are beta, categorical"),
        ({"distribution": "parameters"}, "known are beta"),
        ({"distribution": "constant"}, "x needs value"),
        ({"distribution": "uniform", "min": 0.0}, "x needs min and max"),
        ({"distribution": "uniform", "min": 2.0, "max": 1.0}, "min above its max: 2.0, 1.0"),
        ({"distribution": "uniform", "min": "1e", "max": 1.0}, "numbers as min and max, not '1e'"),
        ({"distribution": "log_uniform_values", "min": 0, "max": 1}, "no logarithm"),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0}, "q above 0"),
        ({"distribution": "int_uniform", "min": 0.5, "max": 1}, "whole min and max"),
        ({"distribution": "normal", "sigma": -1}, "sigma from 0"),
        ({"distribution": "beta", "a": 0}, "a and b above 0"),
        ({"values": []}, "needs values, a list"),
        ({"values": [1, 2], "probabilities": [1]}, "one of the probabilities for a value"),
        ({"values": [1, 2], "probabilities": [0.5, 0.6]}, "that are 1 together"),
        ({"values": [1, 2], "probabilities": [1.5, -0.5]}, "probabilities from 0"),
        ({"parameters": {"y": {}}}, "x.y needs value"),
    ],
)
def test_what_cannot_be_drawn_is_named(parameter: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_parameter("x", parameter)


def test_a_grid_has_every_combination_once() -> None:
    parameters = {
        "depth": {"values": ["tiny", "full"]},
        "epochs": {"value": 3},
        "layers": {"min": 1, "max": 3},
        "dropout": {"distribution": "q_uniform", "min": 0.1, "max": 0.3, "q": 0.1},
    }
    found = grid(parameters)
    assert len(found) == 2 * 3 * 3
    assert len({tuple(one.values()) for one in found}) == len(found)
    assert found[0] == {"depth": "tiny", "epochs": 3, "layers": 1, "dropout": 0.1}
    assert found[-1] == {"depth": "full", "epochs": 3, "layers": 3, "dropout": 0.3}
    assert grid({"a": {"parameters": {"b": {"values": [1, 2]}}}}) == [
        {"a": {"b": 1}},
        {"a": {"b": 2}},
    ]


@pytest.mark.parametrize(
    "parameter", [{"min": 0.0, "max": 1.0}, {"values": [1, 2], "probabilities": [0.5, 0.5]}]
)
def test_a_grid_of_what_is_not_finite_is_refused(parameter: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"parameter x is .* no finite number of values"):
        grid({"x": parameter})
