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


OUTLINED = ModelInput(
    8000,
    8,
    ("family", "drum_size", "outline"),
    ("", "m", ""),
    scales=("linear", "log", "linear"),
    classes={"family": ("circle", "star")},
    sizes={"outline": 8},
    spreads=("drum_size",),
)


def test_a_predicted_spread_is_that_of_a_laplace_density() -> None:
    outputs = torch.zeros(1, OUTLINED.outputs)
    outputs[0, 2], outputs[0, -1] = -1.0, -2.0
    target = torch.tensor([[0.0, -1.3, *[0.0] * 8]])
    found = DrumLoss(OUTLINED).by_label(outputs, target)
    density = torch.distributions.Laplace(torch.tensor(-1.0), torch.tensor(-2.0).exp())
    expected = -density.log_prob(torch.tensor(-1.3)).item() - math.log(2)
    assert found[1].item() == pytest.approx(expected)


def test_an_outline_counts_the_same_however_it_is_turned() -> None:
    """The least of all sixteen rotations and reflections, each tried."""
    random = torch.Generator().manual_seed(0)
    true, drawn = torch.randn(2, 5, 8, generator=random)
    outputs = torch.zeros(5, OUTLINED.outputs)
    outputs[:, 3:11] = drawn
    labels = torch.zeros(5, 2)
    found = DrumLoss(OUTLINED).by_label(outputs, torch.cat([labels, true], 1))[2]
    ways = [way.roll(k, 1) for way in (true, true.flip(1)) for k in range(8)]
    each = torch.stack([(drawn - way).square().mean(1) for way in ways])
    assert found.item() == pytest.approx(each.amin(0).mean().item())
    outputs[:, 3:11] = true.flip(1).roll(3, 1)
    again = DrumLoss(OUTLINED).by_label(outputs, torch.cat([labels, true], 1))[2]
    assert again.item() == pytest.approx(0, abs=1e-12)


def test_priors_make_rare_classes_as_likely_as_the_others() -> None:
    """Fitted to two classes that nothing tells apart, one three times as frequent: even odds."""
    loss = DrumLoss(OUTLINED, priors={"family": (0.75, 0.25)}, weights={"drum_size": 0.0})
    logits = torch.zeros(2, requires_grad=True)
    target = torch.tensor([[0.0, *[NAN] * 9]] * 3 + [[1.0, *[NAN] * 9]])
    optimiser = torch.optim.SGD([logits], lr=5.0)
    for _ in range(50):
        outputs = torch.cat([logits, torch.zeros(10)]).expand(4, -1)
        optimiser.zero_grad()
        loss(outputs, target).backward()
        optimiser.step()
    assert logits.softmax(0)[0].item() == pytest.approx(0.5, abs=1e-3)
    plain = functional.cross_entropy(logits.expand(4, -1), target[:, 0].long())
    assert loss.eval().by_label(outputs, target)[0].item() == pytest.approx(plain.item())


def test_labels_weigh_as_much_as_they_are_said_to() -> None:
    outputs = torch.zeros(1, OUTLINED.outputs)
    target = torch.tensor([[1.0, 0.5, *[NAN] * 8]])
    loss = DrumLoss(OUTLINED, weights={"drum_size": 3.0})
    family, size, outline = loss.by_label(outputs, target).tolist()
    assert loss(outputs, target).item() == pytest.approx((family + 3 * size + outline) / 3)
    assert outline == 0
