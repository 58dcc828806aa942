"""The loss of drums, beside losses worked out by hand."""

import math

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import ModelInput
from kac_prediction.routines import DrumLoss

NAN = math.nan
SHAPES = ModelInput(
    48000,
    1024,
    ("family", "drum_size", "aspect_ratio"),
    ("", "m", ""),
    scales=("linear", "log", "log"),
    classes={"family": ("circle", "rectangle", "polygon")},
)
SIZE = ModelInput(48000, 1024, ("drum_size",), ("m",), scales=("log",))
LOGITS = [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
PREDICTION = torch.tensor([[*LOGITS[0], -1.0, 0.5], [*LOGITS[1], -2.0, 0.25]])


def test_it_is_torchs_own_loss_of_each_label() -> None:
    target = torch.tensor([[0.0, -1.5, 0.5], [2.0, -1.0, 1.25]])
    found = DrumLoss(SHAPES).by_label(PREDICTION, target)
    entropy = functional.cross_entropy(torch.tensor(LOGITS), torch.tensor([0, 2]))
    # Beyond 0.05 the amount of an error, less half of that; the square below.
    assert found.tolist() == pytest.approx([entropy.item(), (0.475 + 0.975) / 2, 0.975 / 2])
    small = DrumLoss(SIZE)(torch.tensor([[0.04]]), torch.tensor([[0.0]]))
    assert small.item() == pytest.approx(0.04**2 / 0.1)
    assert DrumLoss(SHAPES)(PREDICTION, target).item() == pytest.approx(found.mean().item())


def test_what_a_sample_does_not_have_counts_nothing() -> None:
    target = torch.tensor([[0.0, NAN, NAN], [NAN, -1.0, NAN]])
    prediction = PREDICTION.clone().requires_grad_()
    found = DrumLoss(SHAPES).by_label(prediction, target)
    entropy = functional.cross_entropy(torch.tensor(LOGITS[:1]), torch.tensor([0]))
    assert found.tolist() == pytest.approx([entropy.item(), 0.975, 0.0])
    found.sum().backward()
    gradient = prediction.grad
    assert gradient is not None
    assert gradient.isfinite().all()
    assert not gradient[1, :3].any()
    assert not gradient[0, 3].any()
    assert not gradient[:, 4].any()


def test_another_error_is_one_argument_away() -> None:
    prediction, target = torch.tensor([[0.5], [2.0]]), torch.tensor([[0.0], [0.0]])
    assert DrumLoss(SIZE, functional.l1_loss)(prediction, target).item() == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("prediction", "target"), [((4, 3), (4, 3)), ((4, 5), (4, 1)), ((4, 5), (3, 3)), ((5,), (3,))]
)
def test_shapes_that_do_not_fit_are_named(
    prediction: tuple[int, ...], target: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="need predictions") as raised:
        DrumLoss(SHAPES)(torch.zeros(prediction), torch.zeros(target))
    assert f"got {prediction} and {target}" in str(raised.value)


def test_nothing_depends_on_the_data_in_its_shape_or_waits_for_it() -> None:
    """As in the recording of a step: a fake tensor has no data to look at."""
    with FakeTensorMode():
        prediction = torch.zeros(4, 5, requires_grad=True)
        DrumLoss(SHAPES)(prediction, torch.zeros(4, 3)).backward()
    assert prediction.grad is not None


def test_crepe_learns_classes_and_numbers_together() -> None:
    torch.manual_seed(0)
    model = CRePE("tiny", 0.0, 1e-3, "adam", SHAPES.outputs)
    model.criterion = DrumLoss(SHAPES)
    x, y = torch.randn(3, 1024), torch.tensor([[0.0, -1.0, 0.0], [1.0, NAN, 1.0], [2.0, 0.0, NAN]])
    losses = []
    for _ in range(20):
        model.training_loss = 0.0
        model.innerTrainingLoop(0, 1, x, y)
        losses.append(float(model.training_loss))
    assert losses[-1] < losses[0] / 2
    with pytest.raises(ValueError, match=r"got \(3, 5\) and \(3, 1\)"):
        model.innerTrainingLoop(0, 1, x, y[:, :1])
