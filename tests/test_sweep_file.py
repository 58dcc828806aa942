"""What a sweep's file says: against SciPy's distributions, against wandb's schema, and by hand."""

import importlib.metadata
import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import yaml
from scipy import stats

from kac_prediction.cli import ROUTINES

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "bin/config/wandb").glob("*.yaml"))
sys.path.append(str(ROOT / "bin"))

from sweep_file import Sweep, complete, grid, pruner, suggest  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.WARNING)

COUNT = 2000
TEN: dict[str, Any] = {"values": [*range(10)]}
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
    """Draw values at random, as if they were parameters of one trial."""
    parameter = complete("x", parameter)
    sampler = optuna.samplers.RandomSampler(seed=0)
    trial = optuna.create_study(sampler=sampler).ask()
    return [suggest(trial, f"x{i}", parameter) for i in range(count)]


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
    trial = optuna.create_study().ask()
    assert {
        name: suggest(trial, name, complete(name, each)) for name, each in parameters.items()
    } == {
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
    assert complete("x", parameter)["distribution"] == kind


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        (3, "x must be a mapping"),
        ({}, "x needs value, values, or min and max"),
        ({"min": 1}, "x needs value, values, or min and max"),
        ({"distribution": "triangular"}, "one of beta, categorical.*'triangular'"),
        ({"distribution": "parameters"}, "one of beta"),
        ({"distribution": "constant"}, "x needs value"),
        ({"distribution": "uniform", "min": 0.0}, "max of parameter x must be a number, got None"),
        (
            {"distribution": "uniform", "min": 2.0, "max": 1.0},
            "max of parameter x must be at least 2, got 1.0",
        ),
        (
            {"distribution": "uniform", "min": "1e", "max": 1.0},
            "min of parameter x must be a number, got '1e'",
        ),
        (
            {"distribution": "log_uniform_values", "min": 0, "max": 1},
            "min of parameter x must be above 0",
        ),
        (
            {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0},
            "q of parameter x must be above 0",
        ),
        ({"distribution": "int_uniform", "min": 0.5, "max": 1}, "whole min and max"),
        ({"distribution": "normal", "sigma": -1}, "sigma of parameter x must be at least 0"),
        ({"distribution": "beta", "a": 0}, "a of parameter x must be above 0"),
        ({"values": []}, "needs values, a list"),
        ({"values": [1, 2], "probabilities": [1]}, "a probability from 0 for each value"),
        ({"values": [1, 2], "probabilities": [0.5, 0.6]}, "1 together"),
        ({"values": [1, 2], "probabilities": [1.5, -0.5]}, "a probability from 0"),
        ({"parameters": {"y": {}}}, "x.y needs value"),
    ],
)
def test_what_cannot_be_drawn_is_named(parameter: Any, complaint: str) -> None:
    with pytest.raises((ValueError, TypeError), match=complaint):
        complete("x", parameter)


def combinations(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return list(grid({name: complete(name, each) for name, each in parameters.items()}))


def test_a_grid_has_every_combination_once() -> None:
    parameters = {
        "depth": {"values": ["tiny", "full"]},
        "epochs": {"value": 3},
        "layers": {"min": 1, "max": 3},
        "dropout": {"distribution": "q_uniform", "min": 0.1, "max": 0.3, "q": 0.1},
    }
    found = combinations(parameters)
    assert len(found) == 2 * 3 * 3
    assert len({tuple(one.values()) for one in found}) == len(found)
    assert found[0] == {"depth": "tiny", "epochs": 3, "layers": 1, "dropout": 0.1}
    assert found[-1] == {"depth": "full", "epochs": 3, "layers": 3, "dropout": 0.3}
    assert combinations({"x": {"min": 2**60, "max": 2**60 + 1}}) == [{"x": 2**60}, {"x": 2**60 + 1}]
    assert combinations({"a": {"parameters": {"b": {"values": [1, 2]}}}}) == [
        {"a": {"b": 1}},
        {"a": {"b": 2}},
    ]


@pytest.mark.parametrize(
    "parameter", [{"min": 0.0, "max": 1.0}, {"values": [1, 2], "probabilities": [0.5, 0.5]}]
)
def test_a_grid_of_what_is_not_finite_is_refused(parameter: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"parameter x is .* no finite number of values"):
        combinations({"x": parameter})


def test_a_grid_that_is_too_large_is_refused() -> None:
    for parameters in ({"x": {"min": 1, "max": 10**12}}, {f"x{i}": TEN for i in range(9)}):
        with pytest.raises(ValueError, match=r"number of .* must be at most 100000"):
            combinations(parameters)


@pytest.fixture
def sweep_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a sweep; None as a value leaves a key out."""
    (tmp_path / "train.py").touch()

    def write(**changes: Any) -> Path:
        content = {
            "program": "train.py",
            "command": ["${env}", "python3", "${program}", "Routine", "--wandb", "${args}"],
            "method": "grid",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"x": {"value": 1}},
            **changes,
        }
        file = tmp_path / "sweep.yaml"
        file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
        return file

    return write


@pytest.mark.optional
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_what_wandb_takes(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    try:
        files = importlib.metadata.files("sweeps") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the schema is of the package sweeps: pip install --no-deps sweeps==0.3.0")
    (file,) = [file for file in files if file.as_posix().endswith("config/schema.json")]
    schema = json.loads(file.read_text())
    content = yaml.safe_load(path.read_text())
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "early_terminate": {"type": "hyperband"}}, schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_run_here_too(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = Sweep(path)
    words = sweep.command()
    (routine,) = set(words) & set(ROUTINES)
    assert words == [sys.executable, str(ROOT / "bin/train.py"), routine]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    draws = [sweep.choose(study.ask(), i) for i in range(20)]
    assert len({one["learning_rate"] for one in draws}) == 20
    assert {one["batch_size"] for one in draws} == {32, 64, 128}
    assert bands(yaml.safe_load(path.read_text())["early_terminate"], 50) == [6, 18]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"method": "guess"}, "method must be one of random, grid, bayes, got 'guess'"),
        ({"method": None}, "needs the key method"),
        ({"program": None}, "needs the key program"),
        ({"metric": None}, "needs the key metric"),
        ({"metric": {"goal": "minimize"}}, "metric must be a mapping with a name"),
        ({"metric": {"name": "x", "goal": "low"}}, "one of minimize, maximize, got 'low'"),
        ({"parameters": {"x": {}}}, "parameter x needs value"),
        ({"parameters": {"x": {"min": 0.0, "max": 1.0}}}, "no finite number of values"),
        ({"early_terminate": {"type": "envelope"}}, "got 'envelope'"),
        ({"early_terminate": [1]}, r"early_terminate must be a mapping, not \[1\]"),
        ({"parameters": [1]}, r"parameters must be a mapping, not \[1\]"),
        ({"parameters": {"x": {"parameters": 3}}}, "the parameters of x must be a mapping"),
        ({"parameters": {"x": {"value": date(2026, 1, 1)}}}, "date is not JSON"),
        ({"run_cap": "many"}, "run_cap must be a whole number, got 'many'"),
        ({"metric": {"name": "x", "target": "low"}}, "target must be a number, got 'low'"),
    ],
)
def test_what_is_no_sweep_is_named(
    changes: dict[str, Any], complaint: str, sweep_file: Callable[..., Path]
) -> None:
    with pytest.raises(ValueError, match=rf"sweep\.yaml: .*{complaint}"):
        Sweep(sweep_file(**changes))


def test_a_file_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    for text in ("- 1", "a: [", ""):
        (tmp_path / "sweep.yaml").write_text(text)
        with pytest.raises(ValueError, match=r"sweep\.yaml: "):
            Sweep(tmp_path / "sweep.yaml")


def test_a_program_that_is_nowhere_is_named(sweep_file: Callable[..., Path]) -> None:
    sweep = Sweep(sweep_file(program="no.py"))
    with pytest.raises(FileNotFoundError, match=r"program no\.py.*such as bin/train.py"):
        sweep.command()


def test_commands_may_name_variables(
    sweep_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTINE", "Drum")
    words = ["${interpreter}", "${program}", "${envvar:ROUTINE}", "${args_no_hyphens}"]
    command = Sweep(sweep_file(command=words)).command()
    assert command[0] == sys.executable
    assert command[2:] == ["Drum"]


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.5, [0.5]), (3, [3.0]), (None, []), ("low", []), (True, []), (float("nan"), [])],
)
def test_metrics_are_found_inside_of_records(
    value: Any, found: list[float], sweep_file: Callable[..., Path]
) -> None:
    def of(name: str, record: dict[str, Any]) -> list[float]:
        return list(Sweep(sweep_file(metric={"name": name})).values([record, record]))

    assert of("a.b", {"a": {"b": value}}) == found * 2
    assert of("a.b.c", {"a": {"b": value}}) == []
    assert of("b", {"a": 1}) == []
    assert of("a", {"a": {"aggregate": value}}) == found * 2
    for name in ("testing_loss", "testing_loss.aggregate"):  # of legacy sweeps
        assert of(name, {"selection_loss": {"aggregate": value}}) == found * 2


def bands(settings: dict[str, Any], length: int) -> list[int]:
    """The epochs up to a length at which a trial is stopped that others have just outdone."""
    found: list[int] = []
    while True:
        study = optuna.create_study(pruner=pruner(settings))
        for losses in ([0.0] * length, [-1.0] * (found[-1] if found else 0) + [1.0] * length):
            trial = study.ask()
            for epoch, loss in enumerate(losses[:length], 1):
                trial.report(loss, epoch)
                if trial.should_prune():
                    found.append(epoch)
                    break
            else:
                if losses[-1]:
                    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"min_iter": 3}, [3, 9, 27, 81]),
        ({"min_iter": 1, "eta": 2}, [1, 2, 4, 8, 16, 32, 64]),
        ({"max_iter": 27, "s": 2}, [3, 9, 27, 81]),
        ({"max_iter": 60, "s": 2}, [6, 18, 54]),
        ({"max_iter": 60, "s": 9}, [2, 6, 18, 54]),
        ({"max_iter": 27, "s": 2, "min_iter": 5}, [3, 9, 27, 81]),
    ],
)
def test_trials_are_compared_at_growing_epochs(
    settings: dict[str, Any], expected: list[int]
) -> None:
    assert bands({"type": "hyperband", **settings}, 100) == expected


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"type": "median", "min_iter": 3}, "one of hyperband, got 'median'"),
        ({"type": "hyperband"}, "needs min_iter"),
        ({"type": "hyperband", "max_iter": 2, "s": 2}, "needs min_iter"),
        ({"type": "hyperband", "min_iter": 3, "eta": 1}, "eta .* at least 2, got 1"),
        ({"type": "hyperband", "min_iter": 3, "minimum": 1}, "no key minimum"),
        ({"type": "hyperband", "max_iter": 9, "s": 10**9}, "s of early_terminate .* at most 64"),
    ],
)
def test_what_compares_no_trials_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        pruner(settings)


def test_a_trial_among_the_best_third_goes_on() -> None:
    def stopped(loss: float, others: list[float]) -> bool:
        study = optuna.create_study(pruner=pruner({"type": "hyperband", "min_iter": 2}))
        for other in [*others, loss]:
            trial = study.ask()
            trial.report(9.0, 1)
            assert not trial.should_prune()  # too early to be compared
            trial.report(other, 2)
            outdone = trial.should_prune()
        return bool(outdone)

    others = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert not stopped(1.5, others)  # second of six
    assert stopped(2.5, others)
    assert not stopped(9.0, [])  # the first trial
