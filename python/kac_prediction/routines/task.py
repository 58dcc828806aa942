"""A task: which labels a routine learns to predict, from which drums, with which defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from typing_extensions import TypedDict

from ..architecture import CRePE
from ..dataset import AudioSampler
from ..dataset.labels import LabelTensors
from ..pipeline import ModelInput
from ..samplers import Datasets
from .criterion import ERROR, Error

DEFAULTS: Final = CRePE.ModelHyperParameters(
    batch_size=64,
    dataset_size=5000,
    dataset_split=(0.7, 0.15, 0.15),
    depth="tiny",
    dropout=0.1,
    learning_rate=4e-3,
    num_of_epochs=60,
    optimiser="adam",
    precision="auto",
    schedule="one_cycle",
    seed=0,
    testing=False,
    with_early_stopping=False,
)
"""Hyperparameters where a task does not say otherwise."""

STREAMING: Final[Mapping[str, Any]] = {"dropout": 0.0}
"""Changes to them while streaming: no drum comes twice, so there is nothing to regularise."""


@dataclass(frozen=True)
class Task:
    """Which labels a routine learns to predict, from which drums, with which defaults.

    Attributes:
        name: of the routine.
        model_input: how a sound becomes the input of the model, and what its outputs are.
        Sampler: synthesises the drums.
        settings: of the sampler, for a dataset made here.
        directory: of that dataset, in data/.
        defaults: hyperparameters.
        family: of all drums, 'circle', 'rectangle' or 'polygon'; '': of several families.
        published: the published dataset, used instead where it is installed; '': there is none.
        add_labels: adds labels that the dataset does not hold but that follow from those it does.
        streaming_source: the sampler and its settings while streaming; None: those above.
        streaming: changes to the defaults while streaming.
        error: the loss of a number, see `DrumLoss`.
    """

    name: str
    model_input: ModelInput
    Sampler: type[AudioSampler]
    settings: Mapping[str, Any]
    directory: str
    defaults: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)
    family: str = ""
    published: Datasets | Literal[""] = ""
    add_labels: Callable[[LabelTensors], LabelTensors] | None = None
    streaming_source: tuple[type[AudioSampler], Mapping[str, Any]] | None = None
    streaming: Mapping[str, Any] = field(default_factory=lambda: STREAMING)
    error: Error = ERROR


class Options(TypedDict, total=False):
    """The options of every routine.

    Attributes:
        exports_dir: where the directory of the run is made (default 'model').
        dataset_dir: of the dataset, which is made where the directory holds none; '': the published
            dataset where it is installed in data/, else one made in data/ (default '').
        dataset_name: a published dataset, downloaded where the directory holds none (default '').
        parameters: changes to the defaults, overridden by the yaml file; when resuming, the
            checkpoint's parameters come between the two (default None).
        workers: threads that synthesise the dataset; None: all available (default None).
        stream: train on drums synthesised on the fly; the dataset only validates and tests
            (default False).
        resume: a checkpoint, or the directory of a run, to continue with the same other options;
            '': a new run (default '').
        device: 'cpu', 'cuda:1', 'mps', ...; None: the best available (default None).
    """

    exports_dir: str
    dataset_dir: str
    dataset_name: Datasets | Literal[""]
    parameters: Mapping[str, Any] | None
    workers: int | None
    stream: bool
    resume: str
    device: str | None
