"""The README and the pages of docs: their programs run, their commands are commands."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

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
            "samplers",
            "datasets",
            "spectra",
            "training",
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
    "num_of_epochs=40": "num_of_epochs=1",
    '"data/half_discs", 1000': '"data/half_discs", 40',
    '"drums.bank", 2000': '"drums.bank", 4',
}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def smaller(program: str) -> str:
    for large, small in SMALLER.items():
        program = program.replace(large, small)
    return program


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the recordings of the pages, and a network that answers at once."""
    monkeypatch.chdir(tmp_path)
    for name in ("my_drum", "first", "second"):
        drum = BesselModel(1.0, 48000)
        drum.generateWaveform()
        drum.export(f"{name}.wav")
    circle = listener(answer({"circle": 1.0}))
    monkeypatch.setattr("kac_prediction.listening.listener._shipped", lambda: circle)
    return tmp_path


@pytest.mark.slow
def test_the_programs_of_all_pages_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order, on smaller sizes and word for word else."""
    for page in PAGES:
        namespace = {"__name__": page.stem}
        for program in blocks(page, "python"):
            exec(smaller(program), namespace)
    assert "drum_size of 10 unseen sounds" in capsys.readouterr().out
    for name in ("predicted", "tutorial_heard", "BesselModel", "FDTDModel", "LaméModel"):
        assert (place / f"{name}.wav").is_file()
    assert (place / "data/chirps/sample_00099.wav").is_file()
    assert (place / "data/for_hugging_face/metadata.jsonl").is_file()
    assert len(list(place.glob("model/*/best.pt"))) == 3


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


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith("kac-prediction ")])
def test_commands_of_the_pages_take_what_they_are_given(line: str) -> None:
    command: click.Command = main
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    context = click.Context(command, **command.context_settings)
    command.make_parser(context).parse_args(words)


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


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith(("bin/", "pip "))])
def test_programs_of_the_pages_are_there(line: str) -> None:
    program = line.split()[0]
    assert program == "pip" or (ROOT / program).is_file()
