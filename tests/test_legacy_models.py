"""Legacy checkpoints: their models predict what they did, in the terms of this package."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.listening import drum_heard, predict
from kac_prediction.pipeline import ExportedModel, ModelInput, loadModel, read_checkpoint
from kac_prediction.samplers import BesselModel
from models_of_users import Linear
from reference_crepe import Array, crepe
from saved_models import exported, save

RECTANGLES = ("drum_size", "aspect_ratio")
BESSEL = {"name": "BesselModel", "version": "1.4.2"}
WANDB = "/home/me/kac/wandb/{}-1a2b3c4d/files"


def legacy(model: CRePE, sampler: Any = "BesselModel") -> ExportedModel:
    """The file of such a model as legacy programs wrote it, in double precision."""
    representation = {
        "f_min": 22.05,
        "hop_length": 256,
        "n_bins": 512,
        "n_mels": 32,
        "normalise_input": True,
        "output_type": "end2end",
        "window_length": 512,
    }
    content = exported(
        model.double(),
        25,
        dataset={
            "dataset_size": 5000,
            "representation_settings": representation,
            "sampler": sampler,
            "sampler_settings": {"duration": 0.25, "sample_rate": 48000},
        },
        evaluation_loss=0.02,
        format_version="absent",
    )
    del content["hyperparameters"]["outputs"]
    return content


@pytest.fixture
def trained() -> Callable[[int], CRePE]:
    """A function that makes a network with batch norms that fit what comes, as training would."""

    def make(outputs: int) -> CRePE:
        torch.manual_seed(outputs)
        model = CRePE("tiny", 0.25, 1e-3, "sgd", outputs)
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the statistics become those of the one batch
        model(torch.rand(32, 1024) * 2 - 1)
        torch.nn.init.constant_(model.linear.bias, 2.0)
        return model.eval()

    return make


def drum() -> Array:
    """The first partials of a circle of old, f = z c / L, loudest behind the first 1024 samples."""
    t = np.arange(48000) / 48000
    zeros = np.array([2.404826, 3.831706, 5.135622, 5.520078])
    partials = np.sin(2 * np.pi * 100 * zeros[:, None] / 0.7 * t) / zeros[:, None]
    wave: Array = partials.sum(axis=0) * np.exp(-t) / 4
    wave[6000:8000] *= 2
    return wave


def legacy_prediction(model: CRePE, sound: Array) -> Array:
    """Return what the legacy network predicts: whole sounds normalised, then cropped."""
    low, high = sound.min(), sound.max()
    frame = (2 * (sound - low) / (high - low) - 1)[None, :1024]
    blocks = [(f"conv_layers.{i}.conv2d", f"conv_layers.{i}.bn") for i in range(6)]
    return crepe(model.state_dict(), frame, blocks, "linear", first=(255, 256), eps=1e-5)[0]


@pytest.mark.parametrize("sampler", ["BesselModel", BESSEL, str(BESSEL)])
def test_a_legacy_model_of_circles_predicts_metres(
    sampler: Any, trained: Callable[[int], CRePE], tmp_path: Path
) -> None:
    model = trained(1)
    save(tmp_path / "epoch_025.pt", legacy(model, sampler))
    loaded = loadModel(tmp_path)
    assert isinstance(loaded, CRePE)
    assert loaded.linear.weight.dtype == torch.float32
    assert loaded.model_input == ModelInput(48000, 12000, ("drum_size",), ("m",))
    sound = drum()
    said = legacy_prediction(model, sound[:12000])
    heard = predict(loaded, sound, 48000)
    assert heard == {"drum_size": pytest.approx(said[0] / (2 * np.sqrt(np.pi)), rel=1e-4)}
    again = drum_heard(loaded, heard)
    assert isinstance(again, BesselModel)
    assert (again.drum_size, again.decay_time) == (heard["drum_size"], 1.0)


def test_the_crop_alone_would_be_another_input(
    trained: Callable[[int], CRePE], tmp_path: Path
) -> None:
    """Why a legacy model takes whole sounds: what lies behind the crop is in their scale."""
    save(tmp_path / "a.pt", legacy(trained(1)))
    model, sound = loadModel(tmp_path / "a.pt"), drum()
    whole = predict(model, sound, 48000)["drum_size"]
    model.model_input = ModelInput(48000, 1024, ("drum_size",), ("m",))
    assert predict(model, sound, 48000)["drum_size"] != pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "asked", "order"),
    [
        ({"exports_dir": WANDB.format("run-20231031_235900")}, None, RECTANGLES[::-1]),
        ({"exports_dir": WANDB.format("offline-run-20230412_080000")}, None, RECTANGLES[::-1]),
        ({"exports_dir": WANDB.format("run-20231101_000100")}, None, RECTANGLES),
        ({"outputs": 2}, None, RECTANGLES),
        ({"outputs": 2, "exports_dir": WANDB.format("run-20240101_000000")}, None, RECTANGLES),
        ({"outputs": 2, "exports_dir": WANDB.format("run-20230101_000000")}, None, None),
        ({}, None, None),
        ({}, RECTANGLES, RECTANGLES),
        ({}, RECTANGLES[::-1], RECTANGLES[::-1]),
        ({"exports_dir": WANDB.format("run-20231031_235900")}, RECTANGLES, RECTANGLES),
    ],
)
def test_the_order_of_a_rectangles_outputs(
    changes: dict[str, Any],
    asked: tuple[str, str] | None,
    order: tuple[str, str] | None,
    trained: Callable[[int], CRePE],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = trained(2)
    content = legacy(model, {"name": "PoissonModel", "version": "1.0.0"})
    content["run_info"]["exports_dir"] = changes.get("exports_dir", "/home/me/model/QxYzAbCdEf")
    content["hyperparameters"] |= {k: v for k, v in changes.items() if k == "outputs"}
    save(tmp_path / "a.pt", content)
    loaded = loadModel(tmp_path / "a.pt", CRePE, labels=asked)
    said, sound = legacy_prediction(model, drum()[:12000]), drum()
    if order is None:
        assert loaded.model_input is None
        assert 'labels=("aspect_ratio", "drum_size")' in caplog.text
        x = torch.from_numpy(sound[None, :12000]).float()
        x = 2 * (x - x.min()) / (x.max() - x.min()) - 1
        assert loaded(x).tolist()[0] == pytest.approx(said, rel=1e-4)
        return
    heard = predict(loaded, sound, 48000)
    scales = {"drum_size": 0.5, "aspect_ratio": 1.0}
    expected = {name: value * scales[name] for name, value in zip(order, said, strict=True)}
    assert heard == {name: pytest.approx(value, rel=1e-4) for name, value in expected.items()}
    assert loaded.model_input is not None
    assert dict(zip(loaded.model_input.labels, loaded.model_input.units, strict=True)) == {
        "drum_size": "m",
        "aspect_ratio": "",
    }


@pytest.mark.parametrize(
    ("outputs", "sampler", "changes", "reason"),
    [
        (1, {"name": "FDTDModel", "version": "1.0"}, {}, "FDTDModel of version 1.0"),
        (1, {"name": "BesselModel", "version": "3.0"}, {}, "BesselModel of version 3.0"),
        (2, "BesselModel", {}, r"what its 2 outputs are is not known"),
        (1, "PoissonModel", {}, r"what its 1 outputs are is not known"),
        (1, 7, {}, "describes its sampler as 7"),
        (1, "BesselModel", {"output_type": "mel"}, "not the wave, but 'mel'"),
        (1, "BesselModel", {"dataset": {}}, "lacks 'sampler_settings'"),
    ],
)
def test_what_a_legacy_file_lacks_is_not_guessed(
    outputs: int,
    sampler: Any,
    changes: dict[str, Any],
    reason: str,
    trained: Callable[[int], CRePE],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = trained(outputs)
    content = legacy(model, sampler)
    if "output_type" in changes:
        content["dataset"]["representation_settings"] |= changes
    else:
        content |= changes  # type: ignore[typeddict-item]
    save(tmp_path / "a.pt", content)
    loaded = loadModel(tmp_path / "a.pt", CRePE)
    assert reason in caplog.text
    assert loaded.model_input is None
    assert torch.equal(loaded.linear.weight, model.linear.weight.float())
    with pytest.raises(ValueError, match="model_input"):
        predict(loaded, drum(), 48000)


def test_of_a_rectangle_one_label_may_be_given(
    trained: Callable[[int], CRePE], tmp_path: Path
) -> None:
    save(tmp_path / "a.pt", legacy(trained(1), "PoissonModel"))
    loaded = loadModel(tmp_path / "a.pt", labels=["aspect_ratio"])
    said = legacy_prediction(trained(1), drum()[:12000])
    assert predict(loaded, drum(), 48000) == {"aspect_ratio": pytest.approx(said[0], rel=1e-4)}


def test_labels_that_cannot_be_its_own_are_refused(
    trained: Callable[[int], CRePE], tmp_path: Path
) -> None:
    save(tmp_path / "a.pt", legacy(trained(2), "PoissonModel"))
    for labels in (("drum_size",), ("drum_size", "drum_size"), ("drum_size", "colour")):
        with pytest.raises(ValueError, match=r"a\.pt has no outputs drum_size.*it has 2, among"):
            loadModel(tmp_path / "a.pt", labels=labels)
    users = Linear(0.1, inputs=4, outputs=2)
    save(tmp_path / "b.pt", exported(users))
    with pytest.raises(ValueError, match="without labels"):
        loadModel(tmp_path / "b.pt", labels=("a", "b"))
    save(tmp_path / "c.pt", exported(users, format_version="absent"))
    with pytest.raises(ValueError, match="how Linear took its sounds is not known"):
        loadModel(tmp_path / "c.pt", labels=("a", "b"))


def test_a_converted_model_saved_again_is_not_converted_twice(
    trained: Callable[[int], CRePE], tmp_path: Path
) -> None:
    save(tmp_path / "a.pt", legacy(trained(1)))
    once = loadModel(tmp_path / "a.pt", CRePE)
    assert once.model_input is not None
    again = exported(once, model_input=once.model_input.to_dict())
    save(tmp_path / "b.pt", again)
    assert read_checkpoint(tmp_path / "b.pt")["format_version"] == 1
    twice = loadModel(tmp_path / "b.pt", CRePE)
    assert predict(twice, drum(), 48000) == predict(once, drum(), 48000)
