"""What an exported model hears, predicts and was trained on, for its metadata and its card."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import torch

from .. import __version__
from ..pipeline import Model
from ..samplers.drum import WAVE_SPEED
from .graph import FAMILIES, DrumGraph, Graph

MARK: Final = "kac_prediction.export_model"
"""What every card says, by which it is told from other files of its name."""

_MEANINGS: Final = {
    "probabilities": f"of {', '.join(FAMILIES)}, if it is a drum",
    "score": "how probable it is that this is a drum at all",
    "drum_size": f"square root of the area, at a wave speed of {WAVE_SPEED:g} m/s, to which it is "
    "proportional",
    "aspect_ratio": "from 1; 1 of a circle or triangle",
    "decay_time": "T60",
    "outline": "64 points of the boundary, counter-clockwise, from the centroid; up to rotation "
    "and reflection",
}


def recipe(graph: Graph) -> str:
    """Return in a sentence how a recording becomes the input."""
    model_input = graph.model_input
    rate, length = model_input.sample_rate, model_input.length
    seconds = f"{length} samples at {rate} Hz ({length / rate:.3g} s), one channel"
    if model_input.representation is not None:
        turned = [", turned over if its first sample of half its peak is below 0"]
        normalised = [", normalised to -1 ... 1"]
        steps = turned * model_input.align_polarity + normalised * model_input.normalise
        return (
            f"of the first {seconds}, from the strike on{''.join(steps)}, the spectrum that an "
            "InputRepresentation of the settings in model_input makes"
        )
    if isinstance(graph, DrumGraph):
        ended = "silence after a sound that ends earlier; gain and offset do not matter"
    else:
        ended = "the graph normalises them" if graph.normalise else "as they were trained with"
    return f"{seconds}, from the strike on; {ended}"


def described(graph: Graph, values: Mapping[str, torch.Tensor]) -> list[dict[str, Any]]:
    """Return name, shape, unit and meaning of each output, of which `values` are some."""
    model_input, found = graph.model_input, []
    units = dict(zip(model_input.labels, model_input.units, strict=True))
    scales = dict(zip(model_input.labels, model_input.scales, strict=True))
    drums = isinstance(graph, DrumGraph)
    for name, value in values.items():
        label, unit, meaning = name, units.get(name, ""), ""
        if name.endswith("_spread") and (label := name.removesuffix("_spread")) in units:
            of = "logarithm" if drums or scales[label] == "log" else "number"
            meaning = f"scale b of the Laplace distribution exp(-|x| / b) / 2b of the {of}'s error"
        elif name.endswith("_probabilities"):
            classes = model_input.classes[name.removesuffix("_probabilities")]
            meaning = f"of {', '.join(classes)}"
        elif drums:
            meaning, unit = _MEANINGS.get(name, ""), "m" if name == "outline" else unit
        elif name == "drum_size":
            meaning = model_input.size_convention
        shape = ["batch", *value.shape[1:]]
        found.append({"name": name, "shape": shape, "unit": unit, "meaning": meaning})
    return found


def card(
    name: str,
    model: Model,
    graph: Graph,
    outputs: Iterable[Mapping[str, Any]],
    difference: float,
    opset: int,
) -> str:
    """Return the text of a card: what is known of a model that was exported as `name`."""
    rows = [
        (f"`{each['name']}`", f"({', '.join(map(str, each['shape']))})", each["unit"], meaning)
        for each in outputs
        for meaning in [each["meaning"]]
    ]
    text = (
        f"# {name.removesuffix('.onnx')}\n\n"
        f"`{name}`: a trained model for any program that runs ONNX (opset {opset}, float32), "
        f"written by `{MARK}`.\n\n"
        f"{_table(('', ''), _facts(model, graph, difference))}\n"
        f"Its outputs:\n\n{_table(('output', 'shape', 'unit', 'what it is'), rows)}"
    )
    if model.card:
        _, _, told = model.card.partition("\n")
        text += f"\nIts own card says:\n\n{told.strip()}\n"
    return text


def _facts(model: Model, graph: Graph, difference: float) -> list[tuple[str, str]]:
    """Return what a card says of the model and its training, as far as it is known."""
    weights = f"{sum(weight.numel() for weight in model.parameters()):,}".replace(",", " ")
    facts = [("network", f"`{type(model).__name__}`: {weights} weights"), ("hears", recipe(graph))]
    if model.dataset is not None:
        name = _mapping(model.dataset.get("sampler")).get("name", "unknown")
        settings = _listed(_mapping(model.dataset.get("sampler_settings")))
        facts.append(("drums of its training", f"`{name}`: {settings}"))
    if model.trained_with is not None:
        facts.append(("trained with", _listed(model.trained_with)))
    if model.losses:
        sets = [f"{name}: {_listed(each)}" for name, each in model.losses.items()]
        facts.append(("losses", "; ".join(sets)))
    if model.run_info is not None:
        info = _mapping(model.run_info)
        version = _mapping(info.get("model")).get("version", "unknown")
        run = f"run {info.get('id')}, epoch {info.get('epoch')}, kac_prediction {version}"
        facts.append(("made by", run))
    facts.append(
        (
            "checked",
            f"onnxruntime differs from torch by {difference:.1e} of an output's largest number; "
            f"kac_prediction {__version__}, torch {torch.__version__}",
        )
    )
    return facts


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, an empty one in place of anything else that a file may hold."""
    return value if isinstance(value, Mapping) else {}


def _listed(values: Mapping[str, Any]) -> str:
    """Return names and values as a line."""
    numbers = {k: f"{v:.5g}" if isinstance(v, float) else f"{v}" for k, v in values.items()}
    return ", ".join(f"{name} {text}" for name, text in numbers.items() if text != "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)
