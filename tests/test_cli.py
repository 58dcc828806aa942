import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

import kac_prediction
from kac_prediction import listening, routines
from kac_prediction.architecture import CRePE, SpectralCNN
from kac_prediction.cli import ROUTINES, deploy, main, train
from kac_prediction.cli import install as install_dataset
from kac_prediction.dataset import generateDataset, loadDataset
from kac_prediction.dataset.storage import Generation
from kac_prediction.pipeline import ExportedModel, ModelInput
from kac_prediction.pipeline.datasets import install
from kac_prediction.samplers import BesselModel
from listened import ANY_DRUM, answer
from published import NAME, archive, md5


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint of an untrained model that answers 0.4 m to everything."""
    network = CRePE(depth="tiny", dropout=0.0, learning_rate=0.1, optimiser="sgd", outputs=1)
    with torch.no_grad():
        network.linear.weight.zero_()
        network.linear.bias.fill_(0.4)
    checkpoint = ExportedModel(
        dataset={
            "sampler": {"name": "BesselModel", "version": "0"},
            "sampler_settings": BesselModel(0.2, 48000).settings,
        },
        hyperparameters=network.hyperparameters,
        evaluation_loss=None,
        model_state_dict=network.state_dict(),
        optimizer_state_dict=network.optimiser.state_dict(),
        run_info={
            "epoch": 0,
            "exports_dir": str(tmp_path),
            "id": "x",
            "model": {"name": "CRePE", "version": "0"},
        },
        testing_loss=None,
        training_loss=0.0,
        format_version=1,
        model_input=ModelInput(48000, 1024, labels=("drum_size",), units=("m",)).to_dict(),
    )
    torch.save(checkpoint, tmp_path / "best.pt")
    return tmp_path / "best.pt"


def strike(path: Path, sample_rate: int = 44100) -> Path:
    drum = BesselModel(0.2, sample_rate, drum_size=0.3)
    drum.updateProperties(None)
    drum.generateWaveform()
    drum.export(path)
    return path


def test_a_dataset_is_verified_and_exported(tmp_path: Path) -> None:
    drums = tmp_path / "drums"
    generateDataset(BesselModel, {"duration": 0.01, "sample_rate": 8000}, str(drums), 3)
    result = CliRunner().invoke(main, ["verify", str(drums)])
    assert result.output.startswith("whole: TorchDataset(3 samples of BesselModel")
    tars = ["export", str(drums), str(tmp_path / "tars"), "--layout", "webdataset"]
    assert CliRunner().invoke(main, [*tars, "--shard-size", "2", "--prefix", "hits"]).exit_code == 0
    assert (tmp_path / "tars" / "hits-000001.tar").exists()
    sound = drums / "sample_00001.wav"
    sound.write_bytes(sound.read_bytes()[:-1])
    result = CliRunner().invoke(main, ["verify", str(drums)])
    assert result.exit_code == 1
    assert "sample_00001.wav is damaged" in result.output


def test_deploy_says_and_plays_what_it_hears(tmp_path: Path, model: Path) -> None:
    files = [strike(tmp_path / "a.wav"), strike(tmp_path / "b c.wav", 96000)]
    result = CliRunner().invoke(deploy, [str(model.parent), *map(str, files)])
    assert result.exit_code == 0, result.output
    assert result.output.count("drum_size 0.400 m") == 2
    sound, rate = soundfile.read(tmp_path / "b c.wav.heard.wav")
    assert (len(sound), rate) == (9600, 48000)
    assert np.abs(sound).max() > 0.99


def test_deploy_goes_on_after_a_file_in_which_nothing_is_heard(tmp_path: Path, model: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    soundfile.write(tmp_path / "silent.wav", np.zeros(9000), 48000)
    good = strike(tmp_path / "good.wav")
    names = ["text.wav", "silent.wav", "missing.wav"]
    result = CliRunner().invoke(
        deploy, [str(model), *(str(tmp_path / n) for n in names), str(good)]
    )
    assert result.exit_code == 1
    for name in names:
        assert f"{tmp_path / name}" in result.output
    assert f"{good}: drum_size 0.400 m" in result.output


def test_deploy_says_where_the_model_of_any_drum_hears_none(tmp_path: Path, model: Path) -> None:
    noise, drum = tmp_path / "noise.wav", strike(tmp_path / "drum.wav")
    soundfile.write(noise, 0.1 * np.random.default_rng(0).standard_normal(24000), 48000)
    result = CliRunner().invoke(deploy, ["--no-sound", str(model), str(noise), str(drum)])
    first, second = result.output.splitlines()
    assert first.startswith(f"{noise}: drum_size 0.400 m; but any-drum hears no drum in it")
    assert second == f"{drum}: drum_size 0.400 m"


def test_deploy_of_files_that_differ_in_their_endings(tmp_path: Path, model: Path) -> None:
    files = [strike(tmp_path / "a.wav"), tmp_path / "a.flac"]
    soundfile.write(files[1], soundfile.read(files[0])[0], 44100)
    result = CliRunner().invoke(deploy, [str(model), *map(str, files)])
    assert result.exit_code == 0, result.output
    for file in files:
        assert f"hear it: {file}.heard.wav)" in result.output
        assert Path(f"{file}.heard.wav").is_file()


def test_deploy_goes_on_after_a_header_that_claims_ghz(tmp_path: Path, model: Path) -> None:
    strange, good = strike(tmp_path / "strange.wav", 48000), strike(tmp_path / "good.wav")
    header = bytearray(strange.read_bytes())
    at = header.index(struct.pack("<I", 48000))
    header[at : at + 4] = struct.pack("<I", 1_999_999_973)
    strange.write_bytes(header)
    result = CliRunner().invoke(deploy, [str(model), str(strange), str(good)])
    assert result.exit_code == 1
    assert f"Error: {strange}: the sound is too short" in result.output
    assert f"{good}: drum_size 0.400 m" in result.output


def test_deploy_names_the_file_whatever_is_wrong(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(listening, "predict_file", fail)
    result = CliRunner().invoke(deploy, [str(model), "a.wav", "b.wav"])
    assert result.exit_code == 1
    assert result.output.splitlines() == ["Error: a.wav: MemoryError", "Error: b.wav: MemoryError"]


def test_deploy_of_a_model_that_answers_with_no_drum(tmp_path: Path, model: Path) -> None:
    checkpoint = torch.load(model, weights_only=True)
    checkpoint["model_state_dict"]["linear.bias"].fill_(-1.0)
    torch.save(checkpoint, model)
    result = CliRunner().invoke(deploy, [str(model), str(strike(tmp_path / "a.wav"))])
    assert result.exit_code == 0
    assert "drum_size -1.000 m (it cannot be played" in result.output
    assert not (tmp_path / "a.wav.heard.wav").exists()


def test_deploy_of_a_model_that_tells_families_apart(tmp_path: Path, model: Path) -> None:
    checkpoint = torch.load(model, weights_only=True)
    answers = torch.tensor([0.0, 5.0, -1.6094379, 0.6931472])  # a rectangle, ln(0.2), ln(2)
    weights = checkpoint["model_state_dict"]
    weights |= {"linear.bias": answers, "linear.weight": torch.zeros(4, 256)}
    checkpoint["hyperparameters"]["outputs"] = 4
    checkpoint["model_input"] = ModelInput(
        48000,
        1024,
        ("family", "drum_size", "aspect_ratio"),
        ("", "m", ""),
        scales=("linear", "log", "log"),
        classes={"family": ("circle", "rectangle")},
    ).to_dict()
    torch.save(checkpoint, model)
    result = CliRunner().invoke(deploy, [str(model), str(strike(tmp_path / "a.wav"))])
    assert result.exit_code == 0, result.output
    said = "a.wav: family rectangle, drum_size 0.200 m, aspect_ratio 2.000 (hear it: "
    assert said in result.output
    sound, _ = soundfile.read(tmp_path / "a.wav.heard.wav")
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 48000))
    lowest = np.argmax(spectrum[:450])
    # f = c / (2 L) sqrt(eps + 1 / eps); the next mode lies at 500 Hz.
    assert lowest == pytest.approx(100 / 0.4 * 2.5**0.5, abs=2)


@pytest.fixture
def any_drum(tmp_path: Path) -> Path:
    """A checkpoint of a model that hears an ellipse of 0.25 m, or what its bias says."""
    network = SpectralCNN(2, 4, 0.1, 0.0, outputs=ANY_DRUM.outputs)
    with torch.no_grad():
        network.linear.weight.zero_()
        outputs = answer({"ellipse": 0.9, "star": 0.06, "none": 0.04}, 0.25, 1.5, 0.8)
        network.linear.bias.copy_(torch.tensor(outputs))
    checkpoint = ExportedModel(
        dataset={},
        hyperparameters=network.hyperparameters,
        evaluation_loss=None,
        model_state_dict=network.state_dict(),
        optimizer_state_dict={},
        run_info={
            "epoch": 0,
            "exports_dir": str(tmp_path),
            "id": "x",
            "model": {"name": "SpectralCNN", "version": "0"},
        },
        testing_loss=None,
        training_loss=0.0,
        format_version=1,
        model_input=ANY_DRUM.to_dict(),
    )
    torch.save(checkpoint, tmp_path / "any.pt")
    return tmp_path / "any.pt"


def test_deploy_of_a_model_of_any_drum(tmp_path: Path, any_drum: Path) -> None:
    file, place = strike(tmp_path / "a.wav"), tmp_path / "new" / "heard"
    options = ["--no-refine", "--out", str(place), "--plot", "--wave-speed", "200"]
    result = CliRunner().invoke(deploy, [str(any_drum), str(file), *options])
    assert result.exit_code == 0, result.output
    assert result.output == (
        f"{file}: ellipse (94 %), drum_size 0.50 m (0.49 to 0.51), aspect_ratio 1.50 (1.43 to "
        "1.57), decay_time 0.80 s (0.64 to 1.01); intervals of 90 % "
        f"(hear it: {place / 'a.wav.heard.wav'})\n"
    )
    assert sorted(path.name for path in place.iterdir()) == ["a.wav.heard.png", "a.wav.heard.wav"]
    sound, rate = soundfile.read(place / "a.wav.heard.wav")
    assert (len(sound), rate) == (48000, 48000)
    # Its own sounds are not listened to, and no drum that was heard overwrites another.
    own = place / "a.wav.heard.wav"
    (tmp_path / "b").mkdir()
    other = strike(tmp_path / "b" / "a.wav")
    files = [str(own), str(file), str(other)]
    result = CliRunner().invoke(deploy, [str(any_drum), *files, "--no-refine", "--out", str(place)])
    assert result.exit_code == 1
    assert f"{own}: left out" in result.output
    assert f"{other}: a file called a.wav, {file}, was heard already: rename one" in result.output


def test_deploy_answers_where_it_cannot_write(tmp_path: Path, any_drum: Path, model: Path) -> None:
    file, full = strike(tmp_path / "a.wav"), tmp_path / "no folder"
    full.touch()
    for hears, said in ((any_drum, "ellipse (94 %)"), (model, "drum_size 0.400 m")):
        options = ["--no-refine", "--plot"] if hears is any_drum else []
        place = ["--out", str(full / "within")]
        result = CliRunner().invoke(deploy, [str(hears), str(file), *options, *place])
        assert result.exit_code == 1
        assert f"{file}: {said}" in result.output
        assert "(not written: [Errno 20] Not a directory" in result.output


def test_deploy_takes_none_of_its_own_files(tmp_path: Path, any_drum: Path) -> None:
    strike(tmp_path / "a.wav")
    command = [str(any_drum), "--no-refine", "--plot"]
    for _ in range(2):
        files = [str(path) for path in sorted(tmp_path.glob("a.wav*"))]
        result = CliRunner().invoke(deploy, [*command, *files])
        assert result.exit_code == 0, result.output
        assert result.output.count("ellipse (94 %)") == 1
    assert result.output.count("left out") == 2
    assert len(list(tmp_path.glob("a.wav*"))) == 3


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_deploy_of_names_that_are_not_utf8(tmp_path: Path, model: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/tr\xf6mmel.wav")
    strike(Path(name))
    result = CliRunner().invoke(deploy, [str(model), name, os.fsdecode(b"no\xf6.wav")])
    assert "mmel.wav: drum_size 0.400 m" in result.output
    assert "there is no sound file" in result.output
    assert Path(f"{name}.heard.wav").is_file()


def test_deploy_says_where_there_is_no_drum(tmp_path: Path, any_drum: Path) -> None:
    checkpoint = torch.load(any_drum, weights_only=True)
    checkpoint["model_state_dict"]["linear.bias"][6] = 5.0
    torch.save(checkpoint, any_drum)
    file = strike(tmp_path / "a.wav")
    result = CliRunner().invoke(deploy, [str(any_drum), str(file), "--no-refine"])
    assert result.exit_code == 0, result.output
    assert result.output == f"{file}: no drum in this sound (score 0.01)\n"
    assert not (tmp_path / "a.wav.heard.wav").exists()


def test_deploy_of_other_models_takes_no_options_of_listening(tmp_path: Path, model: Path) -> None:
    file = str(strike(tmp_path / "a.wav"))
    for option in (["--wave-speed", "90"], ["--no-refine"], ["--plot"]):
        result = CliRunner().invoke(deploy, [str(model), file, *option])
        assert result.exit_code == 1
        assert "--plot go with a model of any drum" in result.output
    result = CliRunner().invoke(deploy, [str(model), file, "--out", str(tmp_path / "heard")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "heard" / "a.wav.heard.wav").is_file()


def test_deploy_of_a_checkpoint_that_was_changed(tmp_path: Path, model: Path) -> None:
    sound = str(strike(tmp_path / "a.wav"))
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert CliRunner().invoke(deploy, [str(model), sound, "--sha256", digest]).exit_code == 0
    result = CliRunner().invoke(deploy, [str(model), sound, "--sha256", "0" * 64])
    assert result.exit_code == 1
    assert digest in result.output
    result = CliRunner().invoke(deploy, [str(model), sound, "--label", "drum_size"])
    assert result.exit_code == 1
    assert "says itself what it predicts" in result.output


@pytest.mark.parametrize("command", [main, *main.commands.values()], ids=lambda each: each.name)
def test_help_is_asked_for_in_short(command: click.Command) -> None:
    texts = [CliRunner().invoke(command, [option]).output for option in ("-h", "--help")]
    assert texts[0] == texts[1]
    assert "Usage:" in texts[0]


def test_deploy_of_no_model(tmp_path: Path) -> None:
    sound = strike(tmp_path / "a.wav")
    result = CliRunner().invoke(deploy, [str(sound), str(sound)])
    assert result.exit_code == 1
    assert "Error" in result.output
    assert "a.wav is not a checkpoint" in result.output


@pytest.mark.slow
def test_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("num_of_epochs: 2\ndataset_size: 40\n")
    options = ["--config", "config.yaml", "--dataset-dir", "drums", "--device", "cpu"]
    result = CliRunner().invoke(train, options)
    assert result.exit_code == 0, result.output
    assert "drum_size of 5 unseen sounds" in result.output
    best = Path(result.output.splitlines()[-1].removeprefix("best model: "))
    assert best.is_file()
    assert (tmp_path / "drums" / "metadata.json").is_file()
    first = best.with_name("epoch_000.pt")
    assert "classical" not in result.output
    resumed = CliRunner().invoke(train, [*options, "--compare", "--resume", str(first)])
    assert resumed.exit_code == 0, resumed.output
    assert "classical, 21 ms" in resumed.output
    assert resumed.output.splitlines()[-1] == f"best model: {best}"
    (tmp_path / "config.yaml").write_text("num_of_epochs: 1\nsteps_per_epoch: 1\n")
    streamed = CliRunner().invoke(train, [*options, "--stream", "--exports-dir", "runs"])
    assert streamed.exit_code == 0, streamed.output
    assert list(tmp_path.glob("runs/*/best.pt"))


def test_train_on_a_device_that_is_not_there(tmp_path: Path) -> None:
    arguments = ["--device", "abacus", "--exports-dir", str(tmp_path)]
    result = CliRunner().invoke(train, arguments)
    assert result.exit_code == 1
    assert "abacus" in result.output


def test_train_with_a_wrong_parameter(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("batch_size: many\n")
    arguments = ["--config", str(tmp_path / "config.yaml"), "--exports-dir", str(tmp_path)]
    result = CliRunner().invoke(train, arguments)
    assert result.exit_code == 1
    assert "batch_size in " in result.output
    assert "'many'" in result.output


def test_install_dataset_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(install, "ask_record", unreachable)
    path = archive(tmp_path / "source")
    result = CliRunner().invoke(install_dataset, [NAME, "--from", str(path)])
    assert result.exit_code == 0, result.output
    assert f"installed: data/{NAME} (5 sounds)" in result.output
    given = ["--md5", md5(path.read_bytes()), "--from", "source", "--dir", "here"]
    result = CliRunner().invoke(install_dataset, [NAME, *given])
    assert result.exit_code == 0, result.output
    for place in (f"data/{NAME}", "here"):
        assert (tmp_path / place / "x.npy").is_file()
    result = CliRunner().invoke(install_dataset, [NAME, "--dir", "here"])
    assert result.exit_code == 1
    assert "holds a dataset already" in result.output


def unreachable(*_: object, **__: object) -> None:
    raise ConnectionError("Name or service not known")


def test_install_dataset_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "ask_record", unreachable)
    place = str(tmp_path / "drums")
    result = CliRunner().invoke(install_dataset, [NAME, "--dir", place])
    assert result.exit_code == 1
    assert "Error: Name or service not known" in result.output
    # What it says to do works as it stands, but for the number.
    said = result.output.split("here: bin/install-dataset.sh ")[1].split(", or")[0]
    command = [*said.split(), "--size", "2", "--seed", "7"]
    result = CliRunner().invoke(install_dataset, command)
    assert result.exit_code == 0, result.output
    assert f"installed: {place} (2 sounds, seed " in result.output
    made = loadDataset(place)
    assert (made.seed, made.sampler["name"]) == (7, "BesselModel")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--generate", "--from", "x.zip"], "--from goes without --generate"),
        (["--generate", "--md5", "0" * 32], "--md5 goes without --generate"),
        (["--size", "2"], "--size goes with --generate"),
        (["--seed", "0"], "--seed goes with --generate"),
    ],
)
def test_install_dataset_with_options_of_no_effect(options: list[str], message: str) -> None:
    result = CliRunner().invoke(install_dataset, [NAME, *options])
    assert result.exit_code == 2
    assert message in result.output


def test_ctrl_c_says_in_one_line_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        error = KeyboardInterrupt()
        error.add_note("Go on with --resume model/abc.")
        raise error

    monkeypatch.setattr(routines, "SizeOfCircularDrum", interrupted)
    result = CliRunner().invoke(train, ["--exports-dir", str(tmp_path)])
    assert result.exit_code == 130
    assert result.output == "interrupted. Go on with --resume model/abc.\n"


def test_remedies_are_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["generate", "circle", "drums", "--sounds", "5", "--duration", "0.01"]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def said(*words: str) -> str:
        return CliRunner().invoke(main, words, prog_name="kac-prediction").stderr

    with monkeypatch.context() as patch:
        patch.setattr(Generation, "append", interrupted)
        assert said(*line) == (
            f"interrupted. What was made is kept in {tmp_path}/drums/.generating: run "
            "kac-prediction generate again, with the same options, to go on; or delete that "
            "folder.\n"
        )
    finish = "run kac-prediction generate again, with the same options, to finish it"
    assert finish in said("verify", "drums")
    assert said(*line) == ""
    (tmp_path / "drums/sample_00001.wav").unlink()
    again = "call generateDataset with the same arguments"
    assert again not in (message := said("verify", "drums"))
    assert "run kac-prediction generate with the same options" in message
    assert "leave out --keep" in said(*line, "--seed", "1", "--keep")
    (tmp_path / "empty").mkdir()
    assert "make one with kac-prediction generate" in said("transform", "empty", "mel")


def test_the_package_runs_as_a_program() -> None:
    command = [sys.executable, "-P", "-m", "kac_prediction", "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.endswith(f"version {kac_prediction.__version__}\n")


def test_words_that_are_not_known() -> None:
    assert CliRunner().invoke(train, ["SizeOfSquareDrum"]).exit_code == 2
    assert CliRunner().invoke(install_dataset, ["drums"]).exit_code == 2
    listed = CliRunner().invoke(main, ["--help"]).output
    assert all(word in listed for word in ("train", "listen", "install", "synthesise"))
    assert sorted(ROUTINES) == sorted(name for name in routines.__all__ if name.endswith("Drum"))
