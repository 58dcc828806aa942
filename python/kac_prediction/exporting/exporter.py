"""export_model: a trained model as an ONNX file, checked against torch, with a card beside it."""

import importlib
import io
import json
import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from .. import __version__
from .._checks import brief, shorten
from .._files import replacing, reporting
from ..dataset import InputRepresentation
from ..listening.predicted_labels import input_of
from ..pipeline import Model, ModelInput, loadModel
from ..samplers.drum import WAVE_SPEED
from .card import MARK, card, described, recipe
from .graph import FAMILIES, DrumGraph, Graph, graph_of

OPSET: Final = 18
TOLERANCE: Final = 1e-5
"""How far onnxruntime may be from torch, relative to the largest number of an output."""

_BATCHES: Final = (1, 3)


def export_model(model: Model | str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Write a trained model as an ONNX file, and what it hears and predicts as a card, `NAME.md`.

    The file holds the whole way: it takes sounds as `model.model_input` says, shape (batch,
    length), float32, at that sample rate, from the strike on, and normalises them itself. Its
    outputs are numbers in the units of the labels, shape (batch,), or (batch, numbers) where a
    label is several; probabilities of classes, `LABEL_probabilities`; and spreads,
    `LABEL_spread`, the scale of a Laplace distribution. Of a model of the routine AnyDrum they
    are those of a `Prediction` without refinement, at a wave speed of 100 m/s: `probabilities`,
    `score`, `drum_size`, `aspect_ratio`, `decay_time`, their spreads, and `outline`, shape (batch,
    64, 2), metres. A model that takes spectra takes them here too, `spectrum`, with the settings of
    the `InputRepresentation` that makes them in the metadata.

    The metadata hold `sample_rate`, `length`, `recipe`, and, in JSON, `outputs` and `model_input`.
    Before it is put in place, the file is run by onnxruntime and compared with torch, in float32.

    Args:
        model: trained, as `loadModel` returns it, or what that takes, such as "any-drum"; it stays
            as it is.
        path: of the file, NAME.onnx; one that is there is replaced.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: there is no such folder or checkpoint.
        ImportError: onnx, onnxruntime or onnxscript is missing.
        OSError: the file cannot be written, as on a full disk; one that was there stays.
        RuntimeError: onnxruntime computes other numbers than torch.
        TypeError: `model` is neither a Model nor a path.
        ValueError: the model has no `model_input` or another number of outputs, or torch cannot
            export it; the path does not end in .onnx; or NAME.md is there and no card of an export.
    """
    file = _checked(path)
    if not isinstance(model, Model | str | os.PathLike):
        raise TypeError(f"model must be a Model, or the path or name of one, got {brief(model)}")
    trained: Model = model if isinstance(model, Model) else loadModel(os.fspath(model))
    sounds = _sounds(input_of(trained))
    _check_installed()
    graph, values, proto = _exported(trained, sounds)
    outputs = described(graph, values)
    _describe(proto, graph, outputs)
    content = proto.SerializeToString()
    difference = _verified(content, graph, sounds)
    text = card(file.name, trained, graph, outputs, difference, OPSET)
    with reporting("exporting a model", file), replacing(file) as staged:
        staged.write_bytes(content)
        with replacing(file.with_suffix(".md")) as beside:
            beside.write_text(text, encoding="utf-8")
    return file


def _checked(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file to be written; refuse what it would have to be refused for."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the path of a file, got {brief(path)}")
    file = Path(path)
    if file.suffix != ".onnx":
        raise ValueError(
            f"path must end in .onnx, got {brief(str(path))}: name it {file.stem}.onnx"
        )
    if not file.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {file.parent} to put {file.name} in: make it")
    beside = file.with_suffix(".md")
    if beside.exists() and MARK not in beside.read_text("utf-8", errors="replace"):
        raise ValueError(
            f"{beside} is there and is no card of an export, which would take its place: move it, "
            f"or give {file.name} another name"
        )
    return file


def _check_installed() -> None:
    """Refuse to export where a package that it needs is missing."""
    for name in ("onnx", "onnxruntime", "onnxscript"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"exporting a model needs {name}: pip install 'kac_prediction[onnx]'"
            ) from error


def _sounds(model_input: ModelInput) -> torch.Tensor:
    """Return inputs to compare with: decaying partials as of a drum, or spectra that are noise."""
    rng, count = np.random.default_rng(0), max(_BATCHES)
    if model_input.representation is not None:
        shape = InputRepresentation.transformShape(model_input.length, model_input.representation)
        return torch.from_numpy(rng.standard_normal((count, *shape)).astype(np.float32))
    times = np.arange(model_input.length) / model_input.sample_rate
    frequencies = rng.uniform(0.01, 0.4, (count, 20, 1)) * model_input.sample_rate
    rates = rng.uniform(3, 30, (count, 20, 1))
    partials = np.exp(-rates * times) * np.sin(2 * math.pi * frequencies * times)
    return torch.from_numpy(partials.mean(axis=1).astype(np.float32))


def _exported(model: Model, sounds: torch.Tensor) -> tuple[Graph, dict[str, torch.Tensor], Any]:
    """Return the graph of a model, its answers to sounds, and it as a protocol buffer of ONNX."""
    kind = type(model).__name__
    try:
        with torch.no_grad(), _quiet():
            graph = graph_of(model).eval()
            values = graph(sounds)
            program: Any = torch.onnx.export(
                graph,
                (sounds,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[input_name(graph)],
                output_names=[*values],
                dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
                verbose=False,
            )
            proto = program.model_proto
            if not proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
                raise ValueError("its forward fixes the batch: use x.shape[0] in place of len(x)")
            return graph, values, proto
    except Exception as error:  # whatever torch makes of a forward of anybody's
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        found = shorten(str(cause).strip().partition("\n")[0])
        raise ValueError(f"torch cannot export this {kind} to ONNX: {found}") from error


def input_name(graph: Graph) -> str:
    """Return what the input is called."""
    return "sound" if graph.model_input.representation is None else "spectrum"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's exporter from speaking of itself while the block lasts."""
    logger = logging.getLogger("torch")
    level = logger.level
    try:
        logger.setLevel(logging.ERROR)
        said = io.StringIO()
        with warnings.catch_warnings(action="ignore"), redirect_stdout(said), redirect_stderr(said):
            yield
    finally:
        logger.setLevel(level)


def _describe(proto: Any, graph: Graph, outputs: list[dict[str, Any]]) -> None:
    """Put into a file what a host needs to know, in place of what the exporter says of its code."""
    from onnx import helper

    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    proto.graph.ClearField("value_info")
    proto.graph.ClearField("metadata_props")
    model_input = graph.model_input
    texts = {
        "sample_rate": str(model_input.sample_rate),
        "length": str(model_input.length),
        "recipe": recipe(graph),
        "outputs": json.dumps(outputs),
        "model_input": json.dumps(model_input.to_dict()),
    }
    if isinstance(graph, DrumGraph):
        texts |= {"families": ",".join(FAMILIES), "wave_speed": f"{WAVE_SPEED:g}"}
    proto.producer_name, proto.producer_version = "kac_prediction", __version__
    helper.set_model_props(proto, texts)


def _verified(content: bytes, graph: Graph, sounds: torch.Tensor) -> float:
    """Return the largest difference between onnxruntime and torch, relative to each output.

    Raises:
        RuntimeError: it is beyond the tolerance.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in _BATCHES:
        x = sounds[:count]
        with torch.no_grad():
            expected: Mapping[str, torch.Tensor] = graph(x)
        found = session.run([*expected], {input_name(graph): x.numpy()})
        for (name, due), values in zip(expected.items(), found, strict=True):
            scale = max(float(due.abs().max()), torch.finfo(torch.float32).tiny)
            difference = float(np.abs(values - due.numpy()).max()) / scale
            if not difference <= TOLERANCE:
                raise RuntimeError(
                    f"onnxruntime computes another {name} than torch, by {difference:.2g} of the "
                    f"largest, more than {TOLERANCE:g}: this model cannot be exported"
                )
            worst = max(worst, difference)
    return worst
