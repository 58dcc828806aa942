"""Wrong calls, as a user makes them: one sentence each, which names value, place and remedy."""

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch  # noqa: F401  (in the calls)

import kac_prediction as kac

S = {"duration": 0.05, "sample_rate": 8000}
ONES = np.ones(8000)
TWO = kac.ModelInput(8000, 9, ("a", "b"), ("", ""))

# The call, the error, and parts of the message in their order.
CALLS = [
    # drums and sounds
    ("kac.BesselModel(0.0, 48000)", ValueError, "duration must be above 0|0.0"),
    ("kac.BesselModel(1.0, 48000.5)", TypeError, "sample_rate must be an integer|48000.5"),
    ("kac.BesselModel(1.0, 48000, drum_size=-0.3)", ValueError, "drum_size must be above 0|-0.3"),
    ("kac.BesselModel(1.0, 48000, drum_size='big')", ValueError, "drum_size must be|pair|'big'"),
    ("kac.BesselModel(1.0, 48000, drum_size=(1.0, 0.1))", ValueError, "low <= high|(1.0, 0.1)"),
    ("kac.BesselModel(1.0, 48000, drum_size=1e-4)", ValueError, "0.0001 m|take a larger"),
    ("kac.BesselModel(1.0, 48000, strike_location=(1.5, 0))", ValueError, "inside the drum|1.5"),
    ("kac.BesselModel(1.0, 48000, decay_time=0.0)", ValueError, "decay_time must be above 0|0.0"),
    ("kac.BesselModel(1.0, 48000, M=0)", ValueError, "M must be at least 1|0"),
    ("kac.BesselModel(1.0, 48000, strike_width=2.0)", ValueError, "strike_width must|0.1 m|2.0"),
    ("kac.BesselModel(1.0, 48000, precision='half')", ValueError, "double, single|'half'"),
    ("kac.BesselModel(**S).strike(size=0.0)", ValueError, "drum_size must be above 0|0.0"),
    ("kac.BesselModel(**S).strike(at=(0.5,))", ValueError, "strike_location (r, theta)|(0.5,)"),
    ("kac.BesselModel(**S).strike(decay='long')", TypeError, "decay_time must be a number|'long'"),
    ("kac.BesselModel(**S).export('a.wav')", ValueError, "no sound|call generateWaveform()"),
    ("setattr(kac.BesselModel(**S), 'tension', 9)", AttributeError, "tension|make a new one"),
    ("kac.PoissonModel(**S, aspect_ratio=0.0)", ValueError, "aspect_ratio must be above 0|0.0"),
    ("kac.FDTDModel(**S, arbitrary_shape='Cirkle')", ValueError, "'Cirkle'|choose from Circle"),
    ("kac.FDTDModel(**S, arbitrary_shape=3)", TypeError, "arbitrary_shape|such as Circle(0.2)|3"),
    (
        "kac.FDTDModel(**S, arbitrary_shape='Circle', shape_settings={'radius': 1.0})",
        TypeError,
        "shape_settings do not fit Circle|takes r, centroid|'radius'",
    ),
    ("kac.FiniteElementModel(**S, arbitrary_shape='Circle', modes=0)", ValueError, "modes must|0"),
    ("kac.MixedModel(**S, family='oval')", ValueError, "circle, rectangle, polygon|'oval'"),
    (
        "kac.BankModel(**S, bank='no.bank')",
        FileNotFoundError,
        "no.bank|make one with ModeBank.make",
    ),
    ("kac.TestTone(**S, waveshape='sine')", ValueError, "waveshape|'sine'|did you mean sin?"),
    # shapes and physics
    ("kac.Circle(-1.0)", ValueError, "r must be at least 0|-1.0"),
    ("kac.Polygon([(0, 0), (1, 1)])", ValueError, "vertices must be at least three|2|add some"),
    (
        "kac.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])",
        ValueError,
        "vertex 0|vertex 3|another order",
    ),
    ("kac.Circle(1.0).isPointInside((0, 0, 0))", ValueError, "p must be points|(3,)"),
    ("kac.eigenfrequencies('Circle', 3)", TypeError, "shape must be a shape, such as|'Circle'"),
    ("kac.modes(kac.Circle(1.0), 0)", ValueError, "n must be at least 1|0"),
    ("kac.drum_figure('circle')", TypeError, "shape must be a shape, such as|'circle'"),
    ("kac.report_figure([], {}, {})", ValueError, "needs a label that is a number"),
    # datasets
    ("kac.generateDataset(kac.BesselModel, {'duration': 1}, 'new')", TypeError, "'sample_rate'"),
    (
        "kac.generateDataset(kac.BesselModel, {**S, 'drumsize': 0.3}, 'new')",
        TypeError,
        "BesselModel cannot be made from|'drumsize'|did you mean drum_size?",
    ),
    ("kac.generateDataset(kac.BesselModel, S, 'new', 0)", ValueError, "dataset_size must be|0"),
    ("kac.generateDataset('BesselModel', S, 'new')", TypeError, "subclass of AudioSampler|'Bessel"),
    (
        "kac.generateDataset(kac.BesselModel, S, 'new', 10, {'output_type': 'mell'})",
        ValueError,
        "output_type must be one of|'mell'|did you mean mel?",
    ),
    ("kac.StreamingDataset(kac.BesselModel, S, batch_size=0)", ValueError, "batch_size must|0"),
    ("kac.loadDataset('nowhere')", FileNotFoundError, "nowhere|make one with generateDataset"),
    ("kac.transformDataset(drums, {'n_bins': -5})", ValueError, "n_bins must be at least 1|-5"),
    ("kac.transformDataset('drums', {})", TypeError, "one that loadDataset returned|'drums'"),
    ("kac.regenerateDataPoints(drums, kac.BesselModel, [99])", ValueError, "at most 4|99"),
    ("kac.exportDataset(drums, 'out', 'zip')", ValueError, "audiofolder, webdataset|'zip'"),
    ("drums['drum_size']", TypeError, "'drum_size'|give an integer, a slice"),
    ("drums[10]", IndexError, "no sample 10 in a dataset of 5"),
    # listening and models
    ("kac.listen('nowhere.wav')", FileNotFoundError, "no sound file|nowhere.wav"),
    ("kac.listen('text.wav')", ValueError, "text.wav cannot be read|Convert"),
    ("kac.listen(0 * ONES, 8000)", ValueError, "the sound is silent"),
    ("kac.listen(ONES)", TypeError, "sample_rate in Hz, such as 48000"),
    ("kac.listen(np.nan * ONES, 8000)", ValueError, "sample 0|not a finite number"),
    ("kac.listen(ONES, 8000, wave_speed=-1.0)", ValueError, "wave_speed must be above 0|-1.0"),
    ("kac.listen(ONES, 8000, model='any-drm')", FileNotFoundError, "'any-drm'|mean any-drum?"),
    ("kac.predict(torch.nn.ReLU(), ONES, 8000)", TypeError, "as loadModel returns it|ReLU()"),
    ("kac.loadModel('nowhere.pt')", FileNotFoundError, "'nowhere.pt'|name a file, such as best.pt"),
    ("kac.loadModel('text.wav')", ValueError, "text.wav is not a checkpoint|such as best.pt"),
    ("kac.Prediction.from_json('{}')", ValueError, "not the JSON of a Prediction|'format'"),
    # training
    ("kac.ModelInput(8000, 0, ('a',), ('m',))", ValueError, "length must be at least 1|0"),
    ("kac.ModelInput(8000, 9, 'size', 'm')", TypeError, "labels must be a tuple|'size'"),
    ("kac.ModelInput(8000, 9, ('a', 'b'), ('m',))", ValueError, "each label needs its unit|('m',)"),
    ("TWO.split(torch.zeros(4, 3))", ValueError, "3 outputs|needs 2: 1 for a, 1 for b"),
    ("kac.CRePE('tny', 0.1, 1e-3, 'adam', 1)", ValueError, "depth|'tny'|did you mean tiny?"),
    ("kac.CRePE('tiny', 1.5, 1e-3, 'adam', 1)", ValueError, "dropout must be below 1|1.5"),
    ("kac.Routine().train(None)", ValueError, "routine.P is missing|call routine.setParameters"),
    ("kac.Routine(device='cuda:99')", ValueError, "no device 'cuda:99'"),
    ("kac.Routine().setParameters({'batch_size': 4})", ValueError, "lack dataset_split"),
    (
        "kac.SizeOfCircularDrum(parameters={'learning_rat': 0.1})",
        ValueError,
        "learning_rat in parameters|did you mean learning_rate?",
    ),
    ("kac.SizeOfCircularDrum('config.yaml')", TypeError, "batch_size in config.yaml|'many'"),
    ("kac.SizeOfCircularDrum(resume='nowhere')", FileNotFoundError, "'nowhere'|name a file"),
    ("kac.download_dataset('circles', 'new')", ValueError, "name must be one of|'circles'"),
    ("kac.BesselMdel", AttributeError, "no attribute 'BesselMdel'"),
]


@pytest.fixture(scope="module")
def drums(tmp_path_factory: pytest.TempPathFactory) -> kac.TorchDataset:
    return kac.generateDataset(kac.BesselModel, S, str(tmp_path_factory.mktemp("wrong")), 5, seed=0)


@pytest.mark.parametrize(("call", "error", "parts"), CALLS, ids=[each[0] for each in CALLS])
def test_a_wrong_call_is_named(
    call: str,
    error: type[Exception],
    parts: str,
    drums: kac.TorchDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.wav").write_text("no sound")
    Path("config.yaml").write_text("batch_size: many\n")
    known: dict[str, Any] = {**globals(), "drums": drums}
    message = refused(call, known, error)
    assert "\n" not in message
    assert len(message) < 450
    assert " object at 0x" not in message
    place = 0
    for part in parts.split("|"):
        assert part in message[place:], message
        place = message.index(part, place)
    # Nothing was begun: no dataset, no sound, no run but an empty one, which goes with its Routine.
    if len([*Path().iterdir()]) > 2:
        gc.collect()
    assert {str(each) for each in Path().iterdir()} == {"text.wav", "config.yaml"}


def refused(call: str, known: dict[str, Any], error: type[Exception]) -> str:
    """Return the message of a call's error, whose traceback is let go."""
    with pytest.raises(error) as caught:
        eval(call, known)
    assert type(caught.value) is error
    return str(caught.value)
