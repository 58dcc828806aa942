"""A task: what one routine learns, and from which drums."""

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

RECIPE: Final = CRePE.ModelHyperParameters(
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
"""How drums are learnt, where a task does not say otherwise."""

FRESH: Final[Mapping[str, Any]] = {"dropout": 0.0}
"""What is different with fresh drums: no drum can be learnt by heart, so nothing is left out."""


def _as_they_are(labels: LabelTensors) -> LabelTensors:
    return labels


@dataclass(frozen=True)
class Task:
    """What one routine learns.

    Attributes:
        name: of the routine.
        model_input: what the model hears, and says.
        Sampler: makes the drums.
        settings: of the sampler, where a dataset is made.
        place: where that is, a directory in data/.
        defaults: the parameters.
        family: of the drums, as the classical estimator knows it; '': there are several.
        published: a dataset that is used instead where it is installed; '': there is none.
        labelled: adds to the labels of a dataset what is learnt and not among them.
        fresh: a sampler and its settings that make fresh drums with all labels; None: those above.
        streaming: changes to the parameters where fresh drums are learnt from.
        error: what a wrong number costs.
    """

    name: str
    model_input: ModelInput
    Sampler: type[AudioSampler]
    settings: Mapping[str, Any]
    place: str
    defaults: Mapping[str, Any]
    family: str = ""
    published: Datasets | Literal[""] = ""
    labelled: Callable[[LabelTensors], LabelTensors] = _as_they_are
    fresh: tuple[type[AudioSampler], Mapping[str, Any]] | None = None
    streaming: Mapping[str, Any] = field(default_factory=lambda: FRESH)
    error: Error = ERROR


class Options(TypedDict, total=False):
    """What every routine takes beside a yaml file and the settings of weights and biases.

    Attributes:
        exports_dir: where the directory of the run goes (default 'model').
        dataset_dir: directory of the dataset; where it holds none, one is made. '': the published
            dataset where it is installed, in data/, else one made here, in data/ too (default '').
        dataset_name: a published dataset, downloaded where the directory holds none (default '').
        parameters: changes to the defaults, under the yaml file; of a training that is resumed, its
            own count more (default None).
        workers: threads that make the dataset; None: all available (default None).
        stream: learn from fresh drums without end; the dataset only chooses and evaluates (default
            False).
        resume: a checkpoint, or the directory of a run, to go on from, all else being as it was;
            '': a new run (default '').
        device: 'cpu', 'cuda:1', 'mps', ...; None: the best there is (default None).
    """

    exports_dir: str
    dataset_dir: str
    dataset_name: Datasets | Literal[""]
    parameters: Mapping[str, Any] | None
    workers: int | None
    stream: bool
    resume: str
    device: str | None
