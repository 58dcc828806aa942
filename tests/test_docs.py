"""The README and the pages of docs: their programs run, their commands are commands."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from torch.distributed.run import get_args_parser

from kac_prediction.cli import main
from kac_prediction.samplers import BesselModel
from listened import answer, listener

ROOT = Path(__file__).parents[1]
# In the order in which a reader runs them: later ones use what earlier ones made.
PAGES = [
    ROOT / "README.md",
    *(
        ROOT / f"docs/{name}.md"
        for name in (
            "tutorial",
            "recordings",
            "drums",
            "orchestration",
            "samplers",
            "datasets",
            "spectra",
            "training",
            "cluster",
            "gpu",
            "physics",
        )
    ),
]
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
SMALLER = {
    '"duration": 1.0': '"duration": 0.1',
    "    2500,": "    60,",
    '(dataset_dir="data/drums")': '(dataset_dir="data/drums", parameters={"num_of_epochs": 3})',
    "    500,  #": "    60,  #",
    '"num_of_epochs": 20': '"num_of_epochs": 1',
    "num_of_epochs=30": "num_of_epochs=1",
    '{"num_of_epochs": 40}': '{"num_of_epochs": 1}',
    '"data/half_discs", 1000': '"data/half_discs", 40',
    '"drums.bank", 2000': '"drums.bank", 4',
    'Client("tcp://node1:8786")': "Client(processes=False, dashboard_address=None)",
    "100_000,": "40,",
    '"num_of_epochs": 40, "batch_size": 64': '"num_of_epochs": 1, "batch_size": 64',
}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def smaller(program: str) -> str:
    for large, small in SMALLER.items():
        program = program.replace(large, small)
    return program


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with recordings of one drum, and a network that knows it at once."""
    monkeypatch.chdir(tmp_path)
    drum = BesselModel(1.0, 48000, drum_size=0.3, decay_time=1.0)
    drum.seed(0)
    for i, name in enumerate(("my_drum", "first", "second")):
        drum.updateProperties(i)
        drum.generateWaveform()
        drum.export(f"{name}.wav")
    circle = listener(answer({"circle": 1.0}, drum_size=0.3))
    monkeypatch.setattr("kac_prediction.listening.listener._shipped", lambda: circle)
    monkeypatch.setattr("kac_prediction.orchestration.atoms._OUTLINES", 1)
    return tmp_path


@pytest.mark.slow
def test_the_programs_of_all_pages_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order, on smaller sizes and word for word else."""
    for page in PAGES:
        namespace = {"__name__": page.stem}
        for program in blocks(page, "python"):
            exec(smaller(program), namespace)
    printed = capsys.readouterr().out
    assert "drum_size of 10 unseen sounds" in printed
    assert "1 strike on 1 drum in 1 s (<Drum: circle 0.3 m>,)" in printed
    for name in ("predicted", "tutorial_heard", "BesselModel", "FDTDModel", "LaméModel"):
        assert (place / f"{name}.wav").is_file()
    assert (place / "data/chirps/sample_00099.wav").is_file()
    assert (place / "data/for_hugging_face/metadata.jsonl").is_file()
    assert len(list(place.glob("model/*/best.pt"))) == 4


def test_no_page_has_a_program_that_is_not_run() -> None:
    every = {ROOT / "README.md", *(ROOT / "docs").rglob("*.md")}
    assert {page for page in every if blocks(page, "python")} <= set(PAGES)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("place")
def test_notebooks_run(notebook: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "notebook"}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec(smaller("".join(cell["source"])), namespace)


def test_all_that_is_made_smaller_is_there() -> None:
    notebooks = [path.read_text().replace('\\"', '"') for path in NOTEBOOKS]
    texts = [*(page.read_text() for page in PAGES), *notebooks]
    assert [large for large in SMALLER if sum(text.count(large) for text in texts) != 1] == []


def commands() -> list[str]:
    """Return the lines of all pages that call the command of the package, without comments."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    lines = [line for page in pages for block in blocks(page, "bash") for line in block.split("\n")]
    return sorted({line.split("  #")[0].strip() for line in lines if line.strip()})


def check_usage(command: click.Command, words: list[str]) -> None:
    """Let a command parse what follows its name; raise click.UsageError where it cannot."""
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    context = click.Context(command, **command.context_settings)
    command.make_parser(context).parse_args(words)


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith("kac-prediction ")])
def test_commands_of_the_pages_take_what_they_are_given(line: str) -> None:
    check_usage(main, shlex.split(line)[1:])


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith("torchrun ")])
def test_processes_of_the_pages_are_started_as_torchrun_does(line: str) -> None:
    run = get_args_parser().parse_args(shlex.split(line)[1:])
    assert (run.module, run.training_script) == (True, "kac_prediction")
    check_usage(main, run.training_script_args)


@pytest.mark.parametrize("line", [c for c in commands() if "dask " in c])
def test_clusters_of_the_pages_are_started_as_dask_does(line: str) -> None:
    words = shlex.split(line.removeprefix("srun ").removesuffix(" &"))[1:]
    command = pytest.importorskip(f"distributed.cli.dask_{words.pop(0)}").main
    check_usage(command, words)


def test_the_sounds_of_the_readme_are_made_by_their_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    for line in commands():
        if "--out docs/" in line:
            assert CliRunner().invoke(main, shlex.split(line)[1:]).exit_code == 0
    sounds = sorted(Path("docs").iterdir())
    assert sounds == [Path(f"docs/{name}.wav") for name in ("circle", "polygon", "star")]
    for sound in sounds:
        assert sound.read_bytes() == (ROOT / sound).read_bytes()
        assert sound.stat().st_size < 100_000
        assert f"({sound})" in (ROOT / "README.md").read_text()


def test_the_target_of_the_readme_is_made_by_its_program(tmp_path: Path) -> None:
    made = runpy.run_path(str(ROOT / "docs/orchestration.py"))["target"]()
    made.export(tmp_path / "target.wav", 16000, 16)
    sound = ROOT / "docs/orchestration_target.wav"
    assert (tmp_path / "target.wav").read_bytes() == sound.read_bytes()
    for name in ("orchestration_target.wav", "orchestration_heard.wav", "orchestration.svg"):
        assert (ROOT / "docs" / name).stat().st_size < 100_000
        assert f"(docs/{name})" in (ROOT / "README.md").read_text()


@pytest.mark.optional
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_program_for_max_sends_what_the_command_answers(tmp_path: Path) -> None:
    """With stand-ins for Max, which prints, and for the command."""
    (program,) = blocks(ROOT / "docs/onnx.md", "js")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/max-api.js").write_text(
        """exports.addHandler = (name, hear) => hear("drum.wav");
        exports.post = exports.outlet = (...sent) => console.log(...sent);"""
    )
    (tmp_path / "hear.js").write_text(program)
    heard = json.dumps({"family": "circle", "drum_size": 0.3, "decay_time": 1.2})
    called = '[ "$*" = "listen drum.wav --json --no-sound" ]'
    (tmp_path / "kac-prediction").write_text(f"#!/bin/sh\n{called} && echo '{heard}'")
    (tmp_path / "kac-prediction").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["node", tmp_path / "hear.js"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "circle 0.3 1.2\n", done.stderr


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith(("bin/", "pip "))])
def test_programs_of_the_pages_are_there(line: str) -> None:
    program = line.split()[0]
    assert program == "pip" or (ROOT / program).is_file()
