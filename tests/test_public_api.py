"""The public names, their parameters in order, and the keys of the public dictionaries."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch

import kac_prediction
from every_shape import KINDS
from kac_prediction import (
    architecture,
    dataset,
    geometry,
    listening,
    orchestration,
    physics,
    pipeline,
    samplers,
)

MODAL = [
    "self",
    "duration",
    "sample_rate",
    "M",
    "N",
    "amplitude",
    "decay_time",
    "material_density",
    "tension",
    "drum_size",
    "strike_location",
    "sample_location",
]

POSITIONAL = {
    (dataset, "generateDataset"): [
        "Sampler",
        "sampler_settings",
        "dataset_dir",
        "dataset_size",
        "representation_settings",
    ],
    (dataset, "exportDataset"): ["dataset", "export_dir", "layout"],
    (dataset, "loadDataset"): ["dataset_dir"],
    (dataset, "regenerateDataPoints"): ["dataset", "Sampler", "entries"],
    (dataset, "transformDataset"): ["dataset", "representation_settings"],
    (dataset, "classLocalsToKwargs"): ["class_locals"],
    (dataset.AudioSampler, "__init__"): ["self", "duration", "sample_rate"],
    (dataset.AudioSampler, "export"): ["self", "absolutePath", "bit_depth"],
    (dataset.AudioSampler, "generateWaveform"): ["self"],
    (dataset.AudioSampler, "getLabels"): ["self"],
    (dataset.AudioSampler, "updateProperties"): ["self", "i"],
    (dataset.InputRepresentation, "__init__"): ["self", "sample_rate", "settings"],
    (dataset.InputRepresentation, "transform"): ["self", "waveform"],
    (dataset.InputRepresentation, "normalise"): ["waveform"],
    (dataset.InputRepresentation, "transformShape"): ["data_length", "settings"],
    (dataset.TorchDataset, "__getitem__"): ["self", "i"],
    (dataset.TorchDataset, "__len__"): ["self"],
    (pipeline.Routine, "__init__"): ["self", "exports_dir", "wandb_config"],
    (pipeline.Routine, "importDataset"): [
        "self",
        "dataset_dir",
        "dataset_name",
        "LocalSampler",
        "representation_settings",
        "sampler_settings",
    ],
    (pipeline.Routine, "setModel"): ["self", "M"],
    (pipeline.Routine, "setParameters"): ["self", "default", "config_path"],
    (pipeline.Routine, "train"): ["self", "innerTestingLoop"],
    (pipeline.Model, "__init__"): ["self"],
    (pipeline.Model, "forward"): ["self", "x"],
    (pipeline.Model, "innerTrainingLoop"): ["self", "i", "loop_length", "x", "y"],
    (pipeline, "loadModel"): ["path", "Model", "device", "sha256"],
    (pipeline, "read_checkpoint"): ["path"],
    (listening, "listen"): [
        "sound",
        "sample_rate",
        "model",
        "wave_speed",
        "refine",
        "drum_size",
    ],
    (listening, "predict"): ["model", "waveform", "sample_rate"],
    (listening, "predict_file"): ["model", "path"],
    (listening, "drum_heard"): ["model", "prediction", "duration", "sample_rate", "Sampler"],
    (orchestration.Drum, "__init__"): [
        "self",
        "family",
        "drum_size",
        "aspect_ratio",
        "outline",
        "sample_location",
        "wave_speed",
        "name",
    ],
    (orchestration.Score, "__init__"): ["self", "drums", "strikes", "duration"],
    (orchestration.Strike, "__init__"): [
        "self",
        "time",
        "drum",
        "location",
        "level",
        "decay_time",
    ],
    (orchestration.Score, "render"): ["self", "sample_rate"],
    (orchestration.Score, "distance"): ["self", "target", "sample_rate"],
    (orchestration.Score, "export"): ["self", "path", "sample_rate", "bit_depth"],
    (architecture.CRePE, "__init__"): [
        "self",
        "depth",
        "dropout",
        "learning_rate",
        "optimiser",
        "outputs",
    ],
    (geometry, "isColinear"): ["vertices"],
    (geometry, "largestVector"): ["vertices"],
    (geometry, "lineIntersection"): ["A", "B"],
    (geometry, "weylCondition"): ["S_1", "S_2"],
    (geometry.Shape, "draw"): ["self", "grid_size"],
    (geometry.Shape, "isPointInside"): ["self", "p"],
    (geometry.Ellipse, "__init__"): ["self", "major", "minor", "centroid"],
    (geometry.Ellipse, "eccentricity"): ["self"],
    (geometry.Ellipse, "foci"): ["self"],
    (geometry.Ellipse, "focalDistance"): ["self"],
    (geometry.Circle, "__init__"): ["self", "r", "centroid"],
    (geometry.Polygon, "__init__"): ["self", "vertices"],
    (geometry.ConvexPolygon, "__init__"): ["self", "N", "max_vertices"],
    (geometry.IrregularStar, "__init__"): ["self", "N", "max_vertices"],
    (geometry.TravellingSalesmanPolygon, "__init__"): ["self", "N", "max_vertices"],
    (geometry.UnitRectangle, "__init__"): ["self", "epsilon"],
    (geometry.UnitTriangle, "__init__"): ["self", "r", "theta"],
    (geometry.RegularPolygon, "__init__"): ["self", "N"],
    (geometry.RegularStar, "__init__"): ["self", "N", "m"],
    (physics, "FDTDWaveform2D"): ["u_0", "u_1", "B", "c_0", "c_1", "c_2", "T", "w"],
    (physics.FDTD_2D, "__init__"): ["self", "u_0", "u_1", "B", "c_0", "c_1", "c_2", "T"],
    (physics, "eigenfrequencies"): ["shape", "n", "drum_size", "wave_speed"],
    (physics, "raisedCosine"): ["matrix_size", "mu", "sigma"],
    (physics, "raisedTriangle"): ["matrix_size", "mu", "x_ab", "y_ab"],
    (physics, "besselJ"): ["n", "x"],
    (physics, "besselJZero"): ["n", "m"],
    (physics, "circularAmplitudes"): ["r", "theta", "S"],
    (physics, "circularChladniPattern"): ["n", "m", "H", "tolerance"],
    (physics, "circularSeries"): ["N", "M"],
    (physics, "equilateralTriangleAmplitudes"): ["u", "v", "w", "N", "M"],
    (physics, "equilateralTriangleSeries"): ["N", "M"],
    (physics, "rectangularAmplitudes"): ["p", "N", "M", "epsilon"],
    (physics, "rectangularChladniPattern"): ["n", "m", "X", "Y", "tolerance"],
    (physics, "rectangularSeries"): ["N", "M", "epsilon"],
    (physics, "WaveEquationWaveform2D"): ["F", "A", "d", "k", "T"],
    (samplers.BesselModel, "__init__"): MODAL,
    (samplers.FDTDModel, "__init__"): [
        "self",
        "duration",
        "sample_rate",
        "arbitrary_shape",
        "amplitude",
        "decay_time",
        "drum_size",
        "material_density",
        "shape_settings",
        "strike_width",
        "tension",
        "sample_location",
    ],
    (samplers.LaméModel, "__init__"): MODAL,
    (samplers.PoissonModel, "__init__"): MODAL,
    (samplers.TestSweep, "__init__"): ["self", "duration", "sample_rate"],
    (samplers.TestTone, "__init__"): ["self", "duration", "sample_rate", "f_0", "waveshape"],
}

DEFAULTS: dict[tuple[Any, str], dict[str, Any]] = {
    (dataset, "generateDataset"): {"dataset_size": 10, "representation_settings": None},
    (dataset, "exportDataset"): {"layout": "audiofolder"},
    (dataset.AudioSampler, "export"): {"bit_depth": 24},
    (dataset.InputRepresentation, "__init__"): {"settings": None},
    (geometry.Ellipse, "__init__"): {"major": 1.0, "minor": 0.0, "centroid": (0.0, 0.0)},
    (geometry.Circle, "__init__"): {"r": 0.0, "centroid": (0.0, 0.0)},
    (geometry.ConvexPolygon, "__init__"): {"N": 0, "max_vertices": 10},
    (geometry.IrregularStar, "__init__"): {"N": 0, "max_vertices": 10},
    (geometry.TravellingSalesmanPolygon, "__init__"): {"N": 0, "max_vertices": 10},
    (geometry.UnitRectangle, "__init__"): {"epsilon": 0.0},
    (physics, "eigenfrequencies"): {"drum_size": 1.0, "wave_speed": 100.0},
    (physics, "raisedCosine"): {"sigma": 0.5},
    (physics, "raisedTriangle"): {"x_ab": None, "y_ab": None},
    (samplers.FDTDModel, "__init__"): {
        "amplitude": 1.0,
        "decay_time": 2.0,
        "drum_size": 0.3,
        "material_density": 0.2,
        "shape_settings": None,
        "strike_width": 0.01,
        "tension": 2000.0,
        "sample_location": None,
    },
    (physics, "circularChladniPattern"): {"tolerance": 0.1},
    (physics, "rectangularChladniPattern"): {"tolerance": 0.1},
    (pipeline.Routine, "__init__"): {"exports_dir": ""},
    (pipeline.Routine, "importDataset"): {"dataset_name": "", "LocalSampler": None},
    (pipeline.Routine, "setParameters"): {"config_path": ""},
    **{
        (sampler, "__init__"): {
            "M": 10,
            "N": 10,
            "amplitude": 1.0,
            "decay_time": 2.0,
            "material_density": 0.2,
            "tension": 2000.0,
            "drum_size": (0.1, 1.0),
            "strike_location": None,
        }
        for sampler in (samplers.BesselModel, samplers.LaméModel, samplers.PoissonModel)
    },
}

NAMES = {
    architecture: ["CRePE"],
    dataset: [
        "AudioSampler",
        "InputRepresentation",
        "RepresentationSettings",
        "SamplerInfo",
        "SamplerSettings",
        "TorchDataset",
        "classLocalsToKwargs",
        "exportDataset",
        "generateDataset",
        "loadDataset",
        "regenerateDataPoints",
        "transformDataset",
    ],
    geometry: [
        "Circle",
        "ConvexPolygon",
        "Ellipse",
        "IrregularStar",
        "Polygon",
        "RegularPolygon",
        "RegularStar",
        "Shape",
        "TravellingSalesmanPolygon",
        "UnitRectangle",
        "UnitTriangle",
        "isColinear",
        "largestVector",
        "lineIntersection",
        "normalisePolygon",
        "weylCondition",
    ],
    listening: ["Prediction", "drum_heard", "listen", "predict", "predict_file"],
    orchestration: [
        "Drum",
        "Family",
        "Kit",
        "Score",
        "Strike",
        "above",
        "arrange",
        "quantise",
        "stretch",
        "swap_kit",
        "thin",
        "transpose",
    ],
    pipeline: [
        "ExportedModel",
        "Model",
        "ModelInfo",
        "ModelInput",
        "Parameters",
        "Routine",
        "RunInfo",
        "loadModel",
        "read_checkpoint",
    ],
    physics: [
        "ChladniPattern",
        "FDTDWaveform1D",
        "FDTDWaveform2D",
        "FDTD_2D",
        "WaveEquationWaveform2D",
        "besselJ",
        "besselJZero",
        "circularAmplitudes",
        "circularChladniPattern",
        "circularCymatics",
        "circularSeries",
        "cymatics",
        "eigenfrequencies",
        "equilateralTriangleAmplitudes",
        "equilateralTriangleSeries",
        "linearAmplitudes",
        "linearCymatics",
        "linearSeries",
        "modes",
        "raisedCosine",
        "raisedTriangle",
        "rectangularAmplitudes",
        "rectangularChladniPattern",
        "rectangularCymatics",
        "rectangularSeries",
    ],
    samplers: [
        "AnyShapeModel",
        "BankModel",
        "BesselModel",
        "Datasets",
        "FDTDModel",
        "FiniteElementModel",
        "LaméModel",
        "LinearModel",
        "ModeBank",
        "OtherSounds",
        "PoissonModel",
        "TestSweep",
        "TestTone",
    ],
}

ATTRIBUTES: dict[str, dict[str, type]] = {
    "Routine": {
        "device": torch.device,
        "D": dataset.TorchDataset,
        "M": pipeline.Model,
        "P": dict,
        "R": dict,
        "using_wandb": bool,
    },
    "TorchDataset": {
        "dataset_dir": str,
        "representation_settings": dict,
        "sampler": dict,
        "sampler_settings": dict,
        "X": torch.Tensor,
        "Y": list,
    },
    "AudioSampler": {
        "duration": float,
        "length": int,
        "sample_rate": int,
        "waveform": np.ndarray,
        "Settings": type,
    },
    "InputRepresentation": {"settings": dict, "transform": Callable},  # type: ignore[dict-item]
    "Model": {
        "criterion": torch.nn.Module,
        "optimiser": torch.optim.Optimizer,
        "testing_loss": dict,
        "training_loss": float,
        "ModelHyperParameters": type,
    },
}

REQUIRED_KEYS = {
    dataset.SamplerInfo: {"name", "version"},
    dataset.SamplerSettings: {"duration", "sample_rate"},
    pipeline.ExportedModel: {
        "dataset",
        "hyperparameters",
        "evaluation_loss",
        "model_state_dict",
        "optimizer_state_dict",
        "run_info",
        "testing_loss",
        "training_loss",
    },
    pipeline.ModelInfo: {"name", "version"},
    pipeline.Parameters: {
        "batch_size",
        "dataset_split",
        "num_of_epochs",
        "testing",
        "with_early_stopping",
    },
    pipeline.RunInfo: {"epoch", "exports_dir", "id", "model"},
}


@pytest.mark.parametrize(("owner", "name"), POSITIONAL)
def test_parameters_stand_in_order_and_the_new_ones_have_defaults(owner: Any, name: str) -> None:
    parameters = inspect.signature(getattr(owner, name)).parameters
    expected = POSITIONAL[owner, name]
    assert list(parameters)[: len(expected)] == expected
    for extra in list(parameters.values())[len(expected) :]:
        assert extra.default is not extra.empty or extra.kind in {
            extra.VAR_KEYWORD,
            extra.VAR_POSITIONAL,
        }
    for parameter in expected:
        assert parameters[parameter].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    for parameter, default in DEFAULTS.get((owner, name), {}).items():
        assert parameters[parameter].default == default


@pytest.mark.parametrize("room", NAMES)
def test_names_are_where_they_are_imported_from(room: Any) -> None:
    assert set(NAMES[room]) <= set(room.__all__) <= set(dir(room))


@pytest.mark.parametrize("shape", KINDS, ids=lambda kind: kind.__name__)
def test_every_shape_draws_from_a_generator_that_is_passed_by_name(shape: type) -> None:
    rng = inspect.signature(shape).parameters["rng"]
    assert (rng.kind, rng.default) == (inspect.Parameter.KEYWORD_ONLY, None)
    assert {"area", "centroid", "labels", "perimeter"} <= set(dir(shape))
    arguments = inspect.signature(shape).parameters.keys() - {"rng"}
    assert shape.Settings.__optional_keys__ == arguments


def test_what_a_polygon_says_of_itself() -> None:
    assert {"N", "convex", "simple", "solidity", "vertices"} <= set(dir(geometry.Polygon))


def test_attributes_are_there_and_of_their_types(tmp_path: Path) -> None:
    routine = pipeline.Routine(str(tmp_path))
    model = architecture.CRePE("tiny", 0.1, 0.001, "adam", 1)
    routine.setParameters(
        {
            "batch_size": 1,
            "dataset_split": (1.0, 0.0, 0.0),
            "num_of_epochs": 1,
            "testing": True,
            "with_early_stopping": False,
        }
    )
    tone = {"duration": 0.01, "sample_rate": 8000}
    routine.importDataset(str(tmp_path / "x"), "", samplers.TestTone, None, tone, dataset_size=2)
    routine.M = model
    instances = {
        "Routine": routine,
        "TorchDataset": routine.D,
        "AudioSampler": samplers.TestTone(0.01, 8000),
        "InputRepresentation": dataset.InputRepresentation(8000),
        "Model": model,
    }
    for owner, attributes in ATTRIBUTES.items():
        for name, kind in attributes.items():
            found = getattr(instances[owner], name)
            assert isinstance(found, kind), f"{owner}.{name} is a {type(found).__name__}"


def test_a_model_shows_its_own_parameters() -> None:
    assert list(inspect.signature(architecture.CRePE).parameters) == [
        "depth",
        "dropout",
        "learning_rate",
        "optimiser",
        "outputs",
    ]


def test_signatures_name_arrays_shortly() -> None:
    public = [getattr(kac_prediction, name) for name in dir(kac_prediction)]
    for owner in (
        *public,
        *(vars(each).get("__init__") for each in public if isinstance(each, type)),
    ):
        if inspect.isfunction(owner):
            assert "numpy._typing" not in str(inspect.signature(owner)), owner
    assert "sound: Union[Sound, " in str(inspect.signature(listening.listen))
    assert str(inspect.signature(geometry.Shape.outline)) == "(self, points: int = 256) -> Float64"


@pytest.mark.parametrize("dictionary", REQUIRED_KEYS)
def test_required_keys(dictionary: Any) -> None:
    assert dictionary.__required_keys__ == REQUIRED_KEYS[dictionary]


def test_optional_keys() -> None:
    contract = {
        "f_min",
        "hop_length",
        "n_bins",
        "n_mels",
        "normalise_input",
        "output_type",
        "window_length",
    }
    beyond = {"f_max", "log", "mel_norm", "mel_scale", "power"}
    assert dataset.RepresentationSettings.__optional_keys__ == contract | beyond
    assert {"f_0", "waveshape"} <= samplers.TestTone.Settings.__optional_keys__
    assert {"depth", "dropout", "learning_rate", "optimiser"} <= (
        architecture.CRePE.ModelHyperParameters.__required_keys__
    )


def test_literals() -> None:
    assert get_args(samplers.Datasets) == (
        "2000-convex-polygonal-drums-of-varying-size",
        "5000-circular-drums-of-varying-size",
        "5000-rectangular-drums-of-varying-dimension",
        "2000-convex-polygon-drums-of-varying-area",
        "2000-elliptic-drums-of-varying-area",
        "2000-irregular-star-drums-of-varying-area",
        "2000-regular-star-drums-of-varying-area",
        "2000-simple-polygon-drums-of-varying-area",
    )
    settings = get_type_hints(dataset.RepresentationSettings)
    assert get_args(settings["output_type"]) == ("end2end", "fft", "mel")
    assert {"large", "medium", "small", "tiny"} <= set(
        get_args(get_type_hints(architecture.CRePE.ModelHyperParameters)["depth"])
    )


def test_classes() -> None:
    assert issubclass(pipeline.Model, torch.nn.Module)
    assert issubclass(architecture.CRePE, pipeline.Model)
    assert issubclass(dataset.TorchDataset, torch.utils.data.Dataset)
    assert issubclass(samplers.TestSweep, dataset.AudioSampler)
    assert inspect.isabstract(dataset.AudioSampler)
    assert inspect.isabstract(pipeline.Model)
    assert isinstance(
        inspect.getattr_static(dataset.InputRepresentation, "normalise"), staticmethod
    )
    for name in ("TestSweep", "TestTone"):
        assert getattr(samplers, name).__test__ is False


def test_every_public_name_has_a_docstring() -> None:
    for room in NAMES:
        for name in room.__all__:
            found = getattr(room, name)
            documented = inspect.isroutine(found) or inspect.isclass(found)
            assert not documented or inspect.getdoc(found), f"{room.__name__}.{name}"


def test_an_import_is_cheap_and_changes_nothing() -> None:
    program = (
        "import sys, kac_prediction\n"
        "assert not {'torch', 'wandb', 'scipy', 'matplotlib'} & sys.modules.keys()\n"
        "import random, warnings, numpy, torch\n"
        # These add warning filters of their own.
        "import matplotlib, scipy.signal, scipy.special\n"
        "def state():\n"
        "    return (torch.get_default_dtype(), torch.get_num_threads(), list(warnings.filters),\n"
        "            numpy.geterr(), random.getstate(), torch.get_rng_state().tolist(),\n"
        "            str(numpy.random.get_state()))\n"
        "before = state()\n"
        "import kac_prediction.dataset, kac_prediction.samplers, kac_prediction.pipeline\n"
        "import kac_prediction.architecture, kac_prediction.routines, kac_prediction.plot\n"
        "assert state() == before\n"
        "assert 'wandb' not in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
