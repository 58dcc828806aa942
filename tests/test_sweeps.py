"""Sweeps, run by the command on programs that take no time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "bin"))

import sweep as sweep_command  # noqa: E402

pytestmark = pytest.mark.slow

# A training of no time: its loss is its parameter x, in every epoch a little less.
PROGRAM = """
import argparse, json, os, pathlib, signal, sys, time
import yaml

parser = argparse.ArgumentParser()
parser.add_argument("routine")
parser.add_argument("--config")
parser.add_argument("--exports-dir")
options = parser.parse_args()
given = yaml.safe_load(open(options.config))
events = pathlib.Path(options.exports_dir).parent / "events.txt"

def tell(event):
    with open(events, "a") as stream:
        stream.write(event + "\\n")

if given.get("broken"):
    print("about to break")
    sys.exit("out of memory: " + given["broken"])
if given.get("ignores_signals"):
    signal.signal(signal.SIGINT, lambda *_: tell("goes on"))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if given.get("silent"):
    sys.exit(0)
run = pathlib.Path(options.exports_dir) / "run"
while run.exists():
    run = run.with_name(run.name + "s")
run.mkdir()
(run / "pid").write_text(str(os.getpid()))
tell("begins {CUDA_VISIBLE_DEVICES} {OMP_NUM_THREADS}".format_map({**dict.fromkeys(
    ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"), "-"), **os.environ}))
x = given["x"]
losses = [x - epoch / 100 for epoch in range(given.get("epochs", 4))]
if "losses" in given:
    losses = given["losses"][x]
try:
    for epoch, loss in enumerate(losses):
        for _ in range(60_000 * bool(epoch)):
            if events.read_text().count("begins") >= given.get("company", 0):
                break
            time.sleep(0.01)
        if epoch == 0:
            tell("first epoch")
        record = {"epoch": epoch, "selection_loss": {"aggregate": loss}}
        with open(run / "log.jsonl", "a") as stream:
            stream.write(json.dumps(record) + "\\n")
    if x == given.get("slow"):
        time.sleep(given.get("seconds", 600))
except KeyboardInterrupt:
    (run / "saved").touch()
    sys.exit(1)
tell("ends")
"""


class Place:
    """A directory with the program, where sweeps of it are written and run."""

    def __init__(self, directory: Path) -> None:
        self.out = directory / "out"
        self.file = directory / "sweep.yaml"
        (directory / "train.py").write_text(PROGRAM)

    def write(self, parameters: dict[str, Any], **changes: Any) -> None:
        content = {
            "program": "train.py",
            "command": ["${env}", "python3", "${program}", "Routine", "--wandb", "${args}"],
            "method": "grid",
            "metric": {"name": "selection_loss.aggregate", "goal": "minimize"},
            "parameters": parameters,
            **changes,
        }
        self.file.write_text(yaml.safe_dump(content))

    def run(self, *options: str, fails: bool = False) -> Result:
        words = [str(self.file), "--out", str(self.out), *options]
        result = CliRunner().invoke(sweep_command.main, words)
        assert result.exit_code == int(fails), result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def parameters(self) -> list[dict[str, Any]]:
        """The parameters of all trials, by their numbers."""
        files = sorted(self.out.glob("trial_*/config.yaml"))
        assert [file.parent.name for file in files] == [f"trial_{i:04d}" for i in range(len(files))]
        return [yaml.safe_load(file.read_text()) for file in files]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(sweep_command, "POLL", 0.01)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Place(tmp_path)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def ranking(result: Result) -> list[list[str]]:
    """The rows of the table."""
    lines = [line.split() for line in result.stdout.splitlines()]
    first = next(i for i, words in enumerate(lines) if words[:1] == ["trial"])
    return [words for words in lines[first:] if words[:1] != ["best:"]]


def test_a_grid_is_run_and_ranked(place: Place) -> None:
    place.write({"x": {"values": [0.5, 0.3, 0.4]}, "epochs": {"value": 2}})
    result = place.run("--seed", "5")
    assert f"sweep of {place.file} in {place.out}, seed 5" in result.stdout
    assert ranking(result) == [
        ["trial", "selection_loss.aggregate", "epochs", "state", "x"],
        ["1", "1", "0.29", "2", "complete", "0.3"],
        ["2", "2", "0.39", "2", "complete", "0.4"],
        ["3", "0", "0.49", "2", "complete", "0.5"],
    ]
    assert place.parameters()[1] == {"x": 0.3, "epochs": 2}
    last = result.stdout.splitlines()[-1]
    assert last == f"best: trial 1, in {place.out / 'trial_0001' / 'run'}"


def test_the_highest_may_be_the_best(place: Place) -> None:
    metric = {"name": "selection_loss.aggregate", "goal": "maximize"}
    losses = {"value": [[3.0, 2.0], [1.0, 9.0], [9.0]]}
    place.write({"losses": losses, "x": {"values": [0, 1, 2]}}, metric=metric)
    rows = ranking(place.run())
    assert [row[1:4] for row in rows[1:]] == [["1", "9", "2"], ["2", "9", "1"], ["0", "3", "2"]]


def test_the_parameters_of_a_trial_are_a_function_of_the_seed(place: Place) -> None:
    found = []
    for seed, out in (("1", "a"), ("1", "b"), ("2", "c")):
        place.out = place.out.with_name(out)
        place.write({"x": {"min": 0.0, "max": 1.0}}, method="random")
        place.run("--seed", seed, "--count", "3")
        found.append([each["x"] for each in place.parameters()])
    assert found[0] == found[1]
    assert len({*found[0], *found[2]}) == 6


def test_a_sweep_goes_on_where_it_was(place: Place) -> None:
    place.write({"x": {"min": 0.0, "max": 1.0}}, method="random", run_cap=4)
    place.run("--seed", "7", "--count", "2")
    first = place.parameters()
    with (place.out / "study.log").open("a") as stream:
        stream.write('{"op_code": 4, "wor')  # killed here
    again = place.run()
    assert "seed 7" in again.stdout
    assert len(ranking(again)) == 5
    found = place.parameters()
    assert found[:2] == first
    assert len({each["x"] for each in found}) == 4
    assert len(list(place.out.glob("trial_*/run*"))) == 4
    place.run()
    assert len(list(place.out.glob("trial_*/run*"))) == 4
    other = place.run("--seed", "8", fails=True)
    assert "trials of the seed 7 and not 8" in other.stderr
    place.write({"x": {"min": 0.0, "max": 2.0}}, method="random")
    assert "trials of another sweep" in place.run(fails=True).stderr


def test_trials_that_fail_end_no_sweep(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    place.write({"broken": {"values": ["", "batch_size 512"]}, "x": {"values": [1, 2]}})
    rows = ranking(place.run())
    assert [row[4] for row in rows[1:]] == ["complete"] * 2 + ["failed"] * 2
    output = place.out / "trial_0002" / "output.txt"
    message = f"s): out of memory: batch_size 512 (see {output})"
    assert any(
        text.startswith("trial 2 failed after 0 epochs (") and text.endswith(message)
        for text in caplog.messages
    )
    # Run again, those that failed are tried again, with the same parameters.
    before, caplog.records[:] = place.parameters(), []
    caplog.clear()
    assert ranking(place.run()) == rows
    assert [text.split(":")[0] for text in caplog.messages if "begins" in text] == [
        "trial 2 begins",
        "trial 3 begins",
    ]
    assert place.parameters() == before


def test_a_trial_that_fails_keeps_what_it_drew(place: Place) -> None:
    place.write({"broken": {"value": "x"}, "x": {"min": 0.0, "max": 1.0}}, method="bayes")
    place.run("--count", "2")
    before = place.parameters()
    place.run("--count", "2")
    assert place.parameters() == before


def test_trials_that_all_fail_end_the_sweep(place: Place) -> None:
    place.write({"broken": {"value": "always"}, "x": {"min": 1, "max": 90}})
    result = place.run(fails=True)
    assert "all of 3 trials failed, the last one by: out of memory" in result.stderr
    assert len(place.parameters()) == 3


def test_a_trial_without_the_metric_is_named(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    place.write({"silent": {"values": [True, False]}, "x": {"value": 1}})
    place.run()
    assert any("no selection_loss.aggregate in log.jsonl" in text for text in caplog.messages)
    place.write({"x": {"value": 1}}, metric={"name": "loss"})
    place.out = place.out.with_name("other")
    place.run()
    assert "no loss in log.jsonl" in caplog.text
    assert "it has epoch, selection_loss" in caplog.text


def test_trials_that_are_outdone_are_stopped(place: Place) -> None:
    stopping = {"type": "hyperband", "min_iter": 2}
    # The second of the two that end by themselves is the better: it stays, whenever it is seen.
    parameters = {"x": {"values": [0.2, 0.1, 0.3]}, "slow": {"value": 0.3}}
    place.write(parameters, early_terminate=stopping)
    states = {row[1]: row[4] for row in ranking(place.run())[1:]}
    assert states == {"0": "complete", "1": "complete", "2": "pruned"}
    assert (place.out / "trial_0002/run/saved").exists()


@pytest.mark.parametrize(("strict", "state"), [(True, "pruned"), (False, "complete")])
def test_strict_is_the_loss_at_the_comparison_and_else_the_lowest(
    place: Place, strict: bool, state: str
) -> None:
    losses = {"value": [[0.5, 0.4], [0.5, 0.45], [0.1, 0.9]]}
    slow = {"slow": {"value": 2}, "seconds": {"value": 600 if strict else 1}}
    place.write(
        {"losses": losses, "x": {"values": [0, 1, 2]}, **slow},
        early_terminate={"type": "hyperband", "min_iter": 2, "strict": strict},
    )
    assert {row[1]: row[4] for row in ranking(place.run())[1:]}["2"] == state


def test_a_target_that_is_reached_ends_the_sweep(place: Place) -> None:
    metric = {"name": "selection_loss.aggregate", "target": 0.25}
    place.write({"x": {"values": [0.5, 0.2, 0.4, 0.6]}}, metric=metric)
    place.run()
    assert len(place.parameters()) == 2


def test_several_trials_at_once_after_the_first_has_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    place.write({"x": {"min": 1, "max": 6}, "company": {"value": 3}})
    place.run("--jobs", "3", "--gpus", "4,5")
    events = (place.out / "events.txt").read_text().splitlines()
    assert events[1] == "first epoch"
    begun = [event.split() for event in events if event.startswith("begins")]
    assert len(begun) == 6
    assert {gpu for _, gpu, _ in begun} == {"4", "5"}
    assert all(int(threads) >= 1 for _, _, threads in begun)
    running = [
        sum((event.startswith("begins")) - (event == "ends") for event in events[: i + 1])
        for i in range(len(events))
    ]
    assert max(running) == 3


def test_bayes_learns_from_the_trials_before(place: Place) -> None:
    place.write({"x": {"min": 0.0, "max": 1.0}, "epochs": {"value": 1}}, method="bayes", run_cap=30)
    place.run("--seed", "0", "--jobs", "2")
    drawn = [each["x"] for each in place.parameters()]
    assert sum(drawn[20:]) / 10 < 0.5 * sum(drawn[:10]) / 10


def test_a_file_that_is_no_sweep_is_refused(place: Place) -> None:
    place.write({"x": {}})
    assert "sweep.yaml: parameter x needs value" in place.run(fails=True).stderr
    place.write({"x": {"value": 1}}, program="no.py")
    assert "program no.py" in place.run(fails=True).stderr
    (place.file.parent / "no.py").write_text("from scripts.routines import train\ntrain()\n")
    assert "the program no.py, which takes no --config FILE" in place.run(fails=True).stderr
    assert not place.out.exists()


def test_a_second_ctrl_c_kills_trials_that_go_on(place: Place) -> None:
    place.write(
        {"x": {"values": [0.3]}, "slow": {"value": 0.3}, "ignores_signals": {"value": True}}
    )
    words = [sys.executable, "-W", "error", str(ROOT / "bin/sweep.py"), str(place.file)]
    started = subprocess.Popen(
        [*words, "--out", str(place.out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = place.out / "trial_0000/run/log.jsonl"
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 4)
    started.send_signal(signal.SIGINT)
    events = place.out / "events.txt"
    wait_until(lambda: "goes on" in events.read_text())
    assert started.poll() is None
    started.send_signal(signal.SIGINT)
    said, complaint = started.communicate(timeout=PATIENCE)
    assert started.returncode == 1
    assert "interrupted; the same command goes on" in complaint
    assert ["1", "0", "0.27", "4", "interrupted"] in [line.split() for line in said.splitlines()]
    with pytest.raises(ProcessLookupError):
        os.kill(int((log.parent / "pid").read_text()), 0)


def test_ctrl_c_ends_the_trials_and_prints_the_ranking(place: Place) -> None:
    place.write({"x": {"values": [0.5, 0.3]}, "slow": {"value": 0.3}})
    words = [sys.executable, "-W", "error", str(ROOT / "bin/sweep.py"), str(place.file)]
    started = subprocess.Popen(
        [*words, "--out", str(place.out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = place.out / "trial_0001/run/log.jsonl"
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 4)
    started.send_signal(signal.SIGINT)
    said, complaint = started.communicate(timeout=PATIENCE)
    assert started.returncode == 1
    assert "interrupted; the same command goes on" in complaint
    lines = [line.split() for line in said.splitlines()]
    place_of_table = lines.index(["trial", "selection_loss.aggregate", "epochs", "state", "x"])
    assert lines[place_of_table + 1][:5] == ["1", "1", "0.27", "4", "interrupted"]
    assert lines[place_of_table + 2][:5] == ["2", "0", "0.47", "4", "complete"]
    assert (log.parent / "saved").exists()
    # The same command goes on with the trial that was interrupted.
    (place.file.parent / "train.py").write_text(PROGRAM.replace('given.get("seconds", 600)', "0"))
    again = place.run()
    assert [row[4] for row in ranking(again)[1:]] == ["complete"] * 2
    assert sorted(path.name for path in place.out.glob("trial_*/run*")) == ["run", "run", "runs"]


def test_a_sweep_that_was_killed_goes_on(place: Place) -> None:
    place.write({"x": {"values": [0.5, 0.3]}, "slow": {"value": 0.3}})
    words = [sys.executable, str(ROOT / "bin/sweep.py"), str(place.file), "--out", str(place.out)]
    started = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = place.out / "trial_0001/run/log.jsonl"
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 4)
    started.kill()
    started.wait()
    os.kill(int((log.parent / "pid").read_text()), signal.SIGKILL)
    (place.file.parent / "train.py").write_text(PROGRAM.replace('given.get("seconds", 600)', "0"))
    rows = ranking(place.run())
    assert {row[1]: row[4] for row in rows[1:]} == {"0": "complete", "1": "complete"}
    events = json.dumps((place.out / "events.txt").read_text())
    assert events.count("begins") == 3
