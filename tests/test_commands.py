"""What the commands answer, for people and for programs."""

import csv
import json
import logging
import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from matplotlib.figure import Figure
from matplotlib.text import Text

import kac_prediction
from kac_prediction import dataset, geometry, routines, samplers
from kac_prediction.cli import main, pictures
from kac_prediction.dataset import AudioSampler, generateDataset, loadDataset
from kac_prediction.listening import listen
from kac_prediction.pipeline import loadModel
from kac_prediction.samplers import BesselModel, ModeBank


def run(*command: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in command])
    assert result.exit_code == status, result.output
    return result


def record(*command: str | Path) -> Any:
    """The answer for programs."""
    return json.loads(run(*command, "--json").stdout)


@pytest.fixture
def drums(tmp_path: Path) -> Path:
    settings = {"duration": 0.1, "sample_rate": 8000}
    generateDataset(BesselModel, settings, str(tmp_path / "drums"), 7, seed=3)
    return tmp_path / "drums"


def test_a_drum_is_synthesised_as_by_its_sampler(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    options = ["--size", "0.3", "--strike", "0.4,0", "--duration", "0.1", "--set", "M=4"]
    made = record("synthesise", "Circle", *options, "--out", path)
    drum = BesselModel(0.1, 48000, drum_size=0.3, strike_location=(0.4, 0.0), M=4)
    drum.generateWaveform()
    sound, rate = soundfile.read(path)
    assert rate == 48000
    np.testing.assert_allclose(sound, drum.waveform, atol=2**-23)
    assert made["sampler"] == "BesselModel"
    assert made["labels"] == drum.getLabels()
    assert made["sound"] == str(path)


def test_the_seed_that_is_told_makes_the_sound_again(tmp_path: Path) -> None:
    paths = tmp_path / "a.wav", tmp_path / "b.wav"
    short = ["synthesise", "star", "--duration", "0.05", "--set", "modes=4", "--out"]
    made = record(*short, paths[0])
    seed, (size,) = made["seed"], made["labels"]["drum_size"]
    text = run(*short, paths[1], "--seed", str(seed)).stdout
    told = f"FiniteElementModel, drum_size {size:.4g} m, 0.05 s at 48000 Hz, seed {seed}"
    assert text == f"{paths[1]}: {told}\n"
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (["ellipse", "--aspect-ratio", "2"], {"major": 2.0, "minor": 1.0}),
        (["polygon", "--vertices", "0,0 2,0 1,1"], {"vertices": [[0, 0], [2, 0], [1, 1]]}),
        (["RegularStar", "--set", 'shape_settings={"N": 7}'], {"N": 7}),
    ],
)
def test_shapes_are_given_in_words(
    words: list[str], settings: dict[str, Any], tmp_path: Path
) -> None:
    made = record("synthesise", *words, "--duration", "0.01", "--out", tmp_path / "a.wav")
    assert made["settings"]["shape_settings"] == settings


def test_every_sampler_and_shape_has_a_name() -> None:
    from kac_prediction.cli.settings import SAMPLERS

    named = {name for name in SAMPLERS if issubclass(getattr(samplers, name), AudioSampler)}
    assert named == set(SAMPLERS)
    help_text = run("synthesise", "hexagon", status=2).stderr
    for name in ("Ellipse", "IrregularStar", "AnyShapeModel", "LaméModel"):
        assert name.casefold() in help_text.casefold()
    assert "drum_size" in run("synthesise", "lamemodel", "--size", "0", status=1).stderr
    assert geometry.shape_called("RegularStar")


@pytest.mark.skipif(os.name != "posix", reason="the player is a program of the shell")
def test_a_player_plays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, short = tmp_path / "a.wav", ["synthesise", "tone", "--duration", "0.01", "--play"]
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = run(*short, "--out", path, status=1)
    assert refused.stderr.startswith("Error: --play needs a player, one of pw-play, ")
    assert not path.exists()
    (tmp_path / "aplay").write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/played"\n')
    (tmp_path / "aplay").chmod(0o755)
    run(*short, "--out", path)
    assert (tmp_path / "played").read_text() == f"-q {path}\n"


def test_a_dataset_is_generated_and_transformed(drums: Path, tmp_path: Path) -> None:
    made = [tmp_path / "made", "--duration", "0.1", "--sample-rate", "8000", "--sounds", "7"]
    shown = ["--representation", "normalise_input=true"]
    known = record("generate", "circle", *made, *shown, "--seed", "3")
    assert (known["dataset_size"], known["seed"]) == (7, 3)
    for file in ("x.npy", "sample_00006.wav", "metadata.json"):
        assert (tmp_path / "made" / file).read_bytes() == (drums / file).read_bytes()
    options = ["--set", "n_mels=4", "--set", "normalise_input=false"]
    text = run("transform", drums, "mel", *options, "--workers", "1").stdout
    assert text.startswith("transformed: TorchDataset(7 samples of BesselModel, mel of shape (4, ")
    ranges = ["--size", "0.2,0.3"]
    known = record("generate", "circle", *made, *ranges, "--shard-size", "4")
    assert known["sampler_settings"]["drum_size"] == [0.2, 0.3]
    assert not known["representation_settings"]["normalise_input"]
    assert run("generate", "circle", *made, "--keep", status=1).stderr.startswith("Error: ")


@pytest.mark.slow
def test_a_dataset_of_ones_own_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = ["--duration", "0.13", "--sample-rate", "8000", "--sounds", "40", "--set", "modes=4"]
    run("generate", "ellipse", "ellipses", *made, "--seed", "3")
    sizes = loadDataset("ellipses").Y
    assert len({float(labels["drum_size"]) for labels in sizes}) == 8  # drawn, one for each drum
    settings = ["--label", "drum_size", "--label", "major", "--epochs", "1", "--device", "cpu"]
    result = run("train", "ellipses", *settings, "--exports-dir", "runs")
    best = Path(result.stdout.splitlines()[-1].removeprefix("best model: "))
    assert best.parent.parent == tmp_path / "runs"
    assert loadModel(best).model_input.labels == ("drum_size", "major")
    more = [*settings, "--epochs", "2", "--exports-dir", "elsewhere"]
    assert f"{best.parent}" in run("train", "ellipses", *more, "--resume", best.parent).stdout
    assert not Path("elsewhere").exists()


def test_messages_of_other_packages_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*_: Any, **options: Any) -> Any:
        for name, level in (
            ("onnx_ir", "INFO"),
            ("onnx_ir", "WARNING"),
            ("kac_prediction", "INFO"),
        ):
            logging.getLogger(name).log(getattr(logging, level), "%s of %s", level, name)
        return SimpleNamespace(report=None, leader=False)

    own, root = logging.getLogger("kac_prediction"), logging.getLogger()
    monkeypatch.setattr(routines, "ShapeOfDrum", trained)
    monkeypatch.setattr(root, "handlers", [])  # as where no test listens
    before = own.level
    result = run("train", "shape")
    assert result.stderr.split("\n") == ["WARNING of onnx_ir", "INFO of kac_prediction", ""]
    assert own.level == before


def test_train_hands_on_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {}

    def trained(*_: Any, **options: Any) -> Any:
        told.update(options)
        return SimpleNamespace(report=None, leader=True, best=Path("model/abc/best.pt"))

    monkeypatch.setattr(routines, "DimOfRectangularDrum", trained)
    split = "dataset_split=[0.6,0.2,0.2]"
    options = ["--epochs", "3", "--set", split, "--set", "testing=True", "--stream"]
    result = run("train", "Rectangle", *options)
    assert result.stdout == "best model: model/abc/best.pt\n"
    expected = {"num_of_epochs": 3, "dataset_split": [0.6, 0.2, 0.2], "testing": True}
    assert told["overrides"] == expected
    assert told["stream"]
    assert record("train", "rectangle") == {"report": None, "best": "model/abc/best.pt"}


def test_info_of_a_dataset(drums: Path) -> None:
    text = run("info", drums).stdout
    assert text.startswith(f"{drums}: a dataset of 7 sounds\n")
    assert "0.1 s at 8000 Hz, of 2 drums" in text
    known = record("info", drums)
    whole = dataset.loadDataset(str(drums))
    sizes = [float(y["drum_size"][0]) for y in whole.Y]
    assert known["label_ranges"]["drum_size"] == [min(sizes), max(sizes)]
    assert (known["seed"], known["dataset_size"], known["x_shape"]) == (3, 7, [800])
    assert json.loads(run("--json", "info", drums).stdout) == known


def test_info_of_models_banks_and_sounds(tmp_path: Path) -> None:
    text = run("info", "any-drum").stdout
    assert "1 s at 8000 Hz" in text
    assert "circle, ellipse, rectangle, triangle, polygon, star, none" in text
    assert record("info", "any-drum")["model"] == "SpectralCNN"
    bank = tmp_path / "a.bank"
    ModeBank.make(bank, 2, modes=4, points=2, families={"circle": 1.0}, workers=1)
    assert run("info", bank).stdout.startswith(f"{bank}: a bank of 2 shapes\n")
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([[0.0, 0.5]] * 400), 8000)
    assert record("info", path) == {
        "seconds": 0.05,
        "sample_rate": 8000,
        "channels": 2,
        "peak": 0.5,
    }


def test_listening_to_folders(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a.wav", "deep/b.wav", "deep/c.wav.heard.wav"):
        made = ["synthesise", "circle", "--size", "0.3", "--strike", "0.5,1", "--out"]
        run(*made, tmp_path / "in" / name)
    (tmp_path / "in" / "text.wav").write_text("no sound")
    (tmp_path / "in" / "notes.txt").write_text("no sound")
    there = sorted(tmp_path.rglob("*"))
    table = tmp_path / "drums.csv"
    command = ["listen", tmp_path / "in", "--no-refine", "--no-sound", "--csv", table]
    result = run(*command, "--json", status=1)
    heard = [json.loads(line) for line in result.stdout.splitlines()]
    files = [str(tmp_path / "in" / name) for name in ("a.wav", "deep/b.wav")]
    assert [each["file"] for each in heard] == files
    prediction = listen(files[1], refine=False)
    assert heard[1]["outline"] == prediction.outline.tolist()
    assert (heard[1]["drum_size_low"], heard[1]["drum_size_high"]) == prediction.interval(
        "drum_size"
    )
    assert result.stderr.count("Error: ") == 1
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == [*files, str(tmp_path / "in" / "text.wav")]
    assert float(rows[0]["drum_size"]) == heard[0]["drum_size"]
    assert rows[0]["family"] == "circle"
    assert "cannot be read as a sound" in rows[2]["error"]
    assert sorted(tmp_path.rglob("*")) == sorted([*there, table])


def test_listening_for_a_drum_of_known_size(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    run("synthesise", "circle", "--size", "0.3", "--strike", "0.5,1", "--out", path)
    known = record("listen", path, "--no-refine", "--size", "0.6")
    assert known["drum_size"] == 0.6
    assert known["wave_speed"] == pytest.approx(200, rel=0.05)
    sound, _ = soundfile.read(known["sound"])
    assert len(sound) == 48000


def test_a_report_is_one_page(drums: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    struck = ["synthesise", "circle", "--size", "0.3", "--strike", "0.5,1", "--out"]
    run(*struck, tmp_path / "in" / "a&b.wav")
    (tmp_path / "in" / "text.wav").write_text("no sound")
    page = tmp_path / "page.html"
    result = run("report", drums, "any-drum", tmp_path / "in", "--out", page)
    assert result.stderr.count("Error: ") == 1
    assert result.stdout.startswith(f"written: {page} (")
    text = page.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.found["section"] == 4
    assert tags.found["audio"] == 5  # of the dataset 3; the recording and the drum that is heard
    assert tags.found["img"] == 4  # of the dataset, of both sounds, and the spectrum
    for said in (
        "a&amp;b.wav",
        "spectrogram: the recording",
        "circle, heard at",
        "text.wav cannot be read",
    ):
        assert said in text
    assert not re.search(r'(src|href)="(?!data:)', text)


class Tags(HTMLParser):
    """Counts the tags of a page, and keeps those that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, _: Any) -> None:
        self.found[tag] += 1
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    text = run("doctor").stdout
    assert text.startswith(f"kac_prediction {kac_prediction.__version__}\n")
    for row in ("instruction set", "threads", "torch", "CUDA", "bfloat16", "wandb", "disk"):
        assert f"\n  {row} " in text
    assert "missing; needed to build from source alone: apt-get install g++" in text
    assert record("doctor")["kac_prediction"] == kac_prediction.__version__


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    wrong = ["synthesise", "circle", "--set", "tension=-1", "--out", tmp_path / "a.wav"]
    lines = run(*wrong, "--debug", status=1).stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "Error: tension must be above 0, got -1"


def test_every_command_has_an_example() -> None:
    shown = [(name,) for name, command in main.commands.items() if not command.hidden]
    shown.remove(("plot",))
    page = (Path(__file__).parents[1] / "docs/commands.md").read_text()
    for name in (*shown, *(("plot", name) for name in pictures.plot.commands)):
        example = run(*name, "-h").stdout.partition("Example:\n    ")[2].strip()
        assert example.startswith(f"kac-prediction {' '.join(name)}")
        assert f"\n{example}" in page
    assert run().stdout == run("--help").stdout
    assert "spectrum" in run("plot").stdout


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["shape", "ellipse", "--aspect-ratio", "2", "--size", "0.3"], "ellipse, 0.3 m"),
        (
            ["modes", "rectangle", "--size", "0.5", "--seed", "1", "--count", "2"],
            "rectangle, 0.5 m",
        ),
        (["spectrum", "a.wav"], "a.wav\ncircle (100 %), drum_size 0.30"),
        (["spectrum", "a.wav", "--no-listen"], "a.wav"),
        (["dataset", "drums"], "TorchDataset(7 samples of BesselModel"),
    ],
    ids=[0, 1, 2, 3, 4],
)
def test_pictures_are_drawn(
    words: list[str], shown: str, drums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drums.parent)
    run("synthesise", "circle", "--size", "0.3", "--strike", "0.5,1", "--out", "a.wav")
    drawn: list[Figure] = []

    def keep(figure: Figure, *_: Any, **__: Any) -> None:
        drawn.append(figure)

    monkeypatch.setattr(Figure, "savefig", keep)
    assert record("plot", *words)["picture"] == f"{words[0]}.png"
    texts = [each.get_text() for each in drawn[0].findobj(Text)]
    assert any(text.startswith(shown) for text in texts)
    if words == ["spectrum", "a.wav"]:
        assert "(0, 1)" in texts


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_names_of_files_may_be_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/tr\xf6mmel.wav"))
    run("synthesise", "circle", "--size", "0.3", "--duration", "0.1", "--out", path)
    assert "mmel.wav: a sound of 0.1 s" in run("info", path).stdout
    run("plot", "spectrum", path, "--no-listen", "--out", path.with_suffix(".svg"))
    run("report", path, "--out", path.with_suffix(".html"))
