"""Exported models: what onnxruntime computes beside torch and `listen`, and what they say."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from kac_prediction.architecture import CRePE
from kac_prediction.cli import main
from kac_prediction.exporting import export_model, exporter
from kac_prediction.exporting.graph import DrumGraph, graph_of
from kac_prediction.listening.network import NUMBERS, ask
from kac_prediction.listening.predicted_labels import predict_inputs
from kac_prediction.pipeline import Model, ModelInput, as_model, loadModel
from kac_prediction.samplers import BesselModel, ModeBank
from listened import answer, listener
from models_of_users import Linear
from saved_models import exported, save

PROGRAM = Path(__file__).parents[1] / "docs/hear.cpp"
INPUT = ModelInput(
    48000,
    1024,
    ("drum_size", "kind", "outline"),
    ("m", "", ""),
    scales=("log", "linear", "linear"),
    classes={"kind": ("wood", "skin", "bell")},
    sizes={"outline": 4},
    spreads=("drum_size",),
    align_polarity=True,
)


class Counting(torch.nn.Flatten):
    """Flattens by a number of sounds that torch cannot follow."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(len(x), -1)


def crepe() -> CRePE:
    torch.manual_seed(0)
    model = CRePE("tiny", 0.5, 1e-3, "adam", INPUT.outputs)
    model.model_input = INPUT
    return model


def sounds(sample_rate: int, length: int) -> np.ndarray:
    """Three strikes on drums, quiet and with an offset, in float32."""
    sampler = BesselModel(length / sample_rate + 0.01, sample_rate)
    waveforms, _ = sampler.render([0, 1, 2])
    return np.asarray(0.1 * waveforms[:, :length] + 0.02, np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The model that ships and a small CRePE, exported once for all tests."""
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install '.[onnx]'")
    folder = tmp_path_factory.mktemp("exported")
    models = {"any-drum": "any-drum", "crepe": crepe()}
    return {name: export_model(model, folder / f"{name}.onnx") for name, model in models.items()}


def run(file: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"sound": x}), strict=True))


def close(found: np.ndarray, due: Any) -> None:
    due = np.asarray(due)
    np.testing.assert_allclose(found, due, rtol=1e-5, atol=1e-5 * np.abs(due).max(initial=0))


@pytest.mark.slow
@pytest.mark.optional
@pytest.mark.parametrize("count", [1, 3])
def test_a_graph_answers_as_listen_does(files: dict[str, Path], count: int) -> None:
    """From raw sounds, in batches of one and of three, with no recipe but rate and length."""
    x = sounds(8000, 8000)[:count]
    found = run(files["any-drum"], x)
    assert_as_answered(found, loadModel("any-drum"), torch.from_numpy(x))
    assert {len(value) for value in found.values()} == {count}


def assert_as_answered(found: dict[str, Any], model: Model, x: torch.Tensor) -> None:
    for i, each in enumerate(ask(model, x)):
        due = each.prediction()
        close(found["probabilities"][i], list(due.probabilities.values()))
        close(found["score"][i], due.score)
        close(found["outline"][i], due.outline)
        for name in NUMBERS:
            close(found[name][i], getattr(due, name))
            spread = due.spreads.get(name)
            close(found[f"{name}_spread"][i], spread.scale if spread else 0.0)


def test_outlines_and_numbers_of_all_families() -> None:
    """Of answers that no sound was heard for, in torch alone."""
    rng = np.random.default_rng(0)
    answers = [
        answer({family: 0.7, "none": 0.2}, 0.1 * (i + 1), ratio, outline=rng.normal(0, 0.2, 64))
        for i, family in enumerate(ModeBank.families)
        for ratio in (0.9, 2.5)
    ]
    model, x = listener(*answers).float(), torch.zeros(len(answers), 8000)
    graph = graph_of(model)
    assert isinstance(graph, DrumGraph)
    with torch.no_grad():
        found = {name: value.numpy() for name, value in graph(x).items()}
    assert_as_answered(found, model, x)


@pytest.mark.slow
@pytest.mark.optional
@pytest.mark.parametrize("count", [1, 3])
def test_a_graph_aligns_normalises_and_undoes_scales(files: dict[str, Path], count: int) -> None:
    model, x = crepe(), sounds(48000, 1024)[:count]
    found = run(files["crepe"], x)
    inputs = INPUT.inputs(x)
    due = INPUT.columns(predict_inputs(model, inputs, INPUT))
    with torch.no_grad():
        outputs = model.eval()(inputs)
    close(found["drum_size"], due["drum_size"][:, 0])
    close(found["outline"], due["outline"])
    close(found["drum_size_spread"], outputs[:, -1].exp())
    close(found["kind_probabilities"], torch.softmax(outputs[:, 1:4], 1))
    assert np.array_equal(run(files["crepe"], -x)["drum_size"], found["drum_size"])
    constant = run(files["crepe"], np.full((1, 1024), 0.3, np.float32))
    close(constant["drum_size"], model(torch.zeros(1, 1024))[:, 0].exp().detach())


@pytest.mark.slow
@pytest.mark.optional
def test_what_a_file_and_its_card_say(files: dict[str, Path]) -> None:
    import onnx

    for name, length, rate in (("any-drum", 8000, 8000), ("crepe", 1024, 48000)):
        model = onnx.load(files[name])
        onnx.checker.check_model(model)
        metadata = {each.key: each.value for each in model.metadata_props}
        assert (metadata["sample_rate"], metadata["length"]) == (str(rate), str(length))
        assert "from the strike on" in metadata["recipe"]
        outputs = json.loads(metadata["outputs"])
        assert [each["name"] for each in outputs] == [each.name for each in model.graph.output]
        assert [entry.version for entry in model.opset_import if not entry.domain] == [18]
        dims = model.graph.input[0].type.tensor_type.shape.dim
        assert (bool(dims[0].dim_param), dims[1].dim_value) == (True, length)
        assert os.fsencode(Path.cwd()) not in files[name].read_bytes()
        card = files[name].with_suffix(".md").read_text()
        assert all(f"`{each['name']}`" in card for each in outputs)
        assert f"{length} samples at {rate} Hz" in card
    recipe = ModelInput.from_dict(json.loads(metadata["model_input"]))
    assert recipe == INPUT
    units = {each["name"]: each["unit"] for each in outputs}
    assert units["drum_size"] == "m"
    told = files["any-drum"].with_suffix(".md").read_text()
    assert "seed 0" in told
    assert "`AnyShapeModel`" in told
    assert "median errors of size 1.1 %" in told


@pytest.mark.slow
@pytest.mark.optional
def test_spectra_are_taken_as_they_are_made(files: dict[str, Path], tmp_path: Path) -> None:
    """With their settings in the metadata, of a model of a user's own."""
    import onnxruntime

    settings: Any = {"output_type": "mel", "hop_length": 256, "n_mels": 8}
    model, other = (
        as_model(torch.nn.Sequential(each, torch.nn.Linear(40, 1)))()
        for each in (torch.nn.Flatten(), Counting())
    )
    other.model_input = model.model_input = ModelInput(
        8000, 1024, ("pitch",), ("Hz",), representation=settings
    )
    file = export_model(model, tmp_path / "spectra.onnx")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    x = model.model_input.inputs(sounds(8000, 1024))
    (found,) = session.run(["pitch"], {"spectrum": x.numpy()})
    close(found, model(x)[:, 0].detach())
    stored = json.loads(session.get_modelmeta().custom_metadata_map["model_input"])
    assert stored["representation"]["n_mels"] == 8
    with pytest.raises(ValueError, match=r"this Sequential to ONNX: .*batch: use x\.shape\[0\] in"):
        export_model(other, file)


@pytest.fixture
def at_once(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The small CRePE is not exported again."""
    import onnx

    graph = graph_of(crepe()).eval()
    with torch.no_grad():
        values = graph(exporter._sounds(INPUT))
    made = graph, values, onnx.load(files["crepe"])
    monkeypatch.setattr(exporter, "_exported", lambda model, x: made)


@pytest.mark.slow
@pytest.mark.optional
@pytest.mark.usefixtures("at_once")
def test_the_command(files: dict[str, Path], tmp_path: Path) -> None:
    save(tmp_path / "best.pt", exported(crepe(), model_input=INPUT.to_dict()))
    file = tmp_path / "model.onnx"
    result = CliRunner().invoke(main, ["export-model", str(tmp_path), str(file), "--json"])
    card = file.with_suffix(".md")
    assert json.loads(result.stdout) == {"file": str(file), "card": str(card)}
    assert file.read_bytes() == files["crepe"].read_bytes()
    assert "made by | run abc, epoch 0" in card.read_text()


@pytest.mark.slow
@pytest.mark.optional
@pytest.mark.usefixtures("at_once")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file, model = tmp_path / "small.onnx", crepe()
    file.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"exporting a model; make room.*small\.onnx|small\.md"):
        export_model(model, file)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {file.name: b"before"}
    monkeypatch.setattr(exporter, "TOLERANCE", -1.0)
    with pytest.raises(RuntimeError, match="another drum_size than torch"):
        export_model(model, file)
    assert file.read_bytes() == b"before"


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = crepe(), tmp_path / "model.onnx"
    wrong: Any = torch.nn.Linear(1, 1)
    for arguments, kind, text in (
        ((wrong, path), TypeError, "model must be a Model, or the path or name of one"),
        ((model, 3), TypeError, "path must be the path of a file, got 3"),
        ((model, tmp_path / "model.pt"), ValueError, "must end in .onnx.*name it model.onnx"),
        ((model, tmp_path / "no" / "m.onnx"), FileNotFoundError, "no folder .*no to put m.onnx in"),
        ((tmp_path / "no.pt", path), FileNotFoundError, "there is no checkpoint"),
        ((Linear(1e-3), path), ValueError, "does not say what sounds it takes"),
    ):
        with pytest.raises(kind, match=text):
            export_model(*arguments)
    monkeypatch.setattr(exporter, "_check_installed", lambda: None)
    model.model_input = ModelInput(48000, 1024, ("drum_size",), ("m",))
    with pytest.raises(
        ValueError, match=r"export this CRePE to ONNX: the model has 9 outputs, but"
    ):
        export_model(model, path)
    path.with_suffix(".md").write_text("# My notes")
    with pytest.raises(ValueError, match=r"model\.md is there and is no card of an export"):
        export_model(crepe(), path)
    assert [each.name for each in tmp_path.iterdir()] == ["model.md"]


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"needs onnx: pip install 'kac_prediction\[onnx\]'"):
        export_model(crepe(), tmp_path / "model.onnx")


@pytest.mark.optional
@pytest.mark.slow
def test_the_program_in_cpp_says_what_onnxruntime_says(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """Built where the headers of onnxruntime are installed, or unpacked at $ONNXRUNTIME."""
    root = os.environ.get("ONNXRUNTIME", "/usr")
    include = [f"-I{root}/include", f"-I{root}/include/onnxruntime"]
    probe = "#include <onnxruntime_cxx_api.h>"
    compiler = shutil.which("c++")
    if (
        compiler is None
        or subprocess.run(
            [compiler, "-fsyntax-only", "-x", "c++", *include, "-"],
            input=probe.encode(),
            check=False,
            capture_output=True,
        ).returncode
    ):
        pytest.skip("the headers of onnxruntime are not installed")
    program, wav = tmp_path / "hear", tmp_path / "drum.wav"
    link = [f"-L{root}/lib", f"-Wl,-rpath,{root}/lib", "-lonnxruntime", "-o", str(program)]
    subprocess.run([compiler, "-std=c++17", str(PROGRAM), *include, *link], check=True)
    drum = BesselModel(1.2, 8000, drum_size=0.3)
    drum.updateProperties(0)
    drum.generateWaveform()
    drum.export(wav, 24)
    printed = subprocess.run([program, files["any-drum"], wav], capture_output=True, check=True)
    lines = dict(line.split(" ", 1) for line in printed.stdout.decode().splitlines())
    first = int(np.argmax(np.abs(drum.waveform) >= np.abs(drum.waveform).max() / 10))
    start = max(0, first - 8)
    due = run(files["any-drum"], np.asarray(drum.waveform[None, start : start + 8000], np.float32))
    for name, value in due.items():
        found = np.array(lines[name].split(), np.float64)
        np.testing.assert_allclose(found, value.ravel(), rtol=1e-3, atol=1e-3)
