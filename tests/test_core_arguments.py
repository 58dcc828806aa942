"""Arguments of a wrong type are refused by their names, in a sentence."""

import inspect

import numpy as np
import pytest

from kac_prediction import _core

GRID = _core.Grid([[True]])
ONE = [([0], [1.0])]
DRUM = {"wave_speed": 100.0, "decay": 1.0, "peak": 1.0, "length": 9, "sample_rate": 48000}
SERIES = {"precision": "double", "threads": 1}
CALLS = {
    "additive": dict(
        frequencies=[[440.0]],
        weights=[[1.0]],
        decays=[1.0],
        peaks=[1.0],
        length=9,
        sample_rate=48000,
        **SERIES,
    ),
    "circular_drums": dict(
        series=[[1.0]], strikes=[[0.1, 0.0]], pick_up=[0.5, 0.0], sizes=[0.3], **DRUM, **SERIES
    ),
    "crc32": {"data": b"abc", "start": 0, "threads": 1},
    "crc32_combine": {"first": 1, "second": 2, "second_length": 3},
    "fdtd_waveform": {
        "grid": GRID,
        "previous": [[0.0]],
        "current": [[0.0]],
        "c_0": 0.4,
        "c_1": 0.4,
        "c_2": 1.0,
        "length": 9,
        "nodes": [0],
        "weights": [1.0],
    },
    "file_checksums": {"paths": [], "threads": 1},
    "membranes": dict(
        grids=[GRID],
        coefficients=[[0.4, 0.4, 1.0]],
        pick_ups=ONE,
        drums=[0],
        strikes=ONE,
        length=9,
        peak=1.0,
        **SERIES,
    ),
    "normalise": dict(signals=[[0.0, 1.0]], **SERIES),
    "quantise": {"signals": [[0.5]], "bit_depth": 24, "threads": 1},
    "read_wavs": {"paths": [], "length": 9, "threads": 1},
    "rectangular_drums": dict(
        M=2,
        N=2,
        strikes=[[0.1, 0.2]],
        pick_up=[0.5, 0.4],
        sizes=[0.3],
        aspect_ratios=[1.0],
        **DRUM,
        **SERIES,
    ),
    "sweep": {"length": 9, "sample_rate": 48000},
    "tone": {
        "waveshape": "sin",
        "frequencies": [440.0],
        "length": 9,
        "sample_rate": 48000,
        "threads": 1,
    },
    "triangular_drums": dict(
        M=2, N=2, strikes=[[0.2, 0.3, 0.5]], pick_up=[0.2, 0.3, 0.5], sizes=[0.3], **DRUM, **SERIES
    ),
    "write_wavs": {
        "paths": [],
        "signals": np.zeros((0, 9)),
        "sample_rate": 48000,
        "bit_depth": 24,
        "sync": False,
        "threads": 1,
    },
    "Grid": {"live": [[True]]},
    "MelFilters": {
        "n_fft": 64,
        "n_mels": 4,
        "f_min": 20,
        "f_max": 24000,
        "sample_rate": 48000,
        "scale": "htk",
        "norm": "peak",
    },
    "NumberList": {"values": np.zeros(3), "position": 0},
    "RealFft": {"length": 9, "precision": "double"},
    "Simulation": {
        "grid": GRID,
        "previous": [[0.0]],
        "current": [[0.0]],
        "c_0": 0.4,
        "c_1": 0.4,
        "c_2": 1.0,
    },
    "SpectralDistance": {"windows": [8], "floor": 1e-4},
    "Spectrogram": {
        "n_fft": 8,
        "window_length": 8,
        "hop_length": 4,
        "filters": None,
        "power": 2,
        "floor": None,
        "precision": "double",
    },
    "NumberList.read": {"text": b"[]", "start": 0},
    "RealFft.forward": {"signals": np.zeros((1, 9)), "threads": 1},
    "Simulation.step": {"steps": 1},
    "SpectralDistance.sums": {"x": np.zeros(8), "y": np.zeros(8), "threads": 1},
    "Spectrogram.frames": {"length": 9},
    "Spectrogram.transform": {"signals": np.zeros((1, 9)), "threads": 1, "normalise": False},
}


def called(name):
    """The function, class, or method of an object, of this name."""
    if "." not in name:
        return getattr(_core, name)
    kind, method = name.split(".")
    return getattr(getattr(_core, kind)(**CALLS[kind]), method)


def test_every_function_with_arguments_is_called_here() -> None:
    public = {name for name in dir(_core) if not name.startswith("_")}
    without = {"available_threads", "instruction_set", "instruction_sets"}
    assert {name for name in CALLS if "." not in name} == public - without
    methods = {
        f"{name}.{method}"
        for name in public
        if inspect.isclass(kind := getattr(_core, name))
        for method, value in vars(kind).items()
        if not method.startswith("_") and not isinstance(value, property)
    }
    assert {name for name in CALLS if "." in name} == methods - {"Simulation.frame"}


class Neither:
    """Neither a number nor an array nor a text."""

    def __bool__(self) -> bool:
        raise TypeError("neither")


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in CALLS for argument in CALLS[name]]
)
def test_a_wrong_type_is_refused_by_name(name: str, argument: str) -> None:
    called(name)(**CALLS[name])
    if (name, argument) != ("Grid", "live"):  # anything is true or false
        with pytest.raises(TypeError, match=rf"^{argument} must be .*, got <.*Neither") as error:
            called(name)(**CALLS[name] | {argument: Neither()})
        assert "supported" not in str(error.value)


def test_what_is_wrong_is_shown_if_it_is_short() -> None:
    with pytest.raises(TypeError, match=r"^length must be a whole number, got 9\.5$"):
        _core.sweep(9.5, 48000)
    with pytest.raises(TypeError, match=r"^sample_rate must be a number, got '48 kHz'$"):
        _core.sweep(9, "48 kHz")
    with pytest.raises(TypeError, match=r"^sample_rate must be a number, got None$"):
        _core.sweep(9, None)
    with pytest.raises(TypeError, match=r"^threads must be a whole number from 0 to \d+, got -1$"):
        _core.quantise([[0.5]], threads=-1)
    with pytest.raises(TypeError, match=r"^signals must be an array of numbers, got \[\['a'\]\]$"):
        _core.quantise([["a"]])
    with pytest.raises(TypeError, match=r"^signals must be .* got a value of type list$"):
        _core.quantise([["a" * 99]])
    with pytest.raises(TypeError, match=r"^filters must be MelFilters or None, got 3$"):
        _core.Spectrogram(8, 8, 4, 3)
    with pytest.raises(TypeError, match=r"^grid must be a Grid, got None$"):
        _core.Simulation(None, [[0.0]], [[0.0]], 0.4, 0.4, 1.0)
