"""CRePE against an independent forward pass, and against what is published of it."""

import inspect
from typing import Any, Literal, get_args

import pytest
import torch
from torch.nn import functional

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import ExportedModel

DEPTHS = {"full": 32, "large": 24, "medium": 16, "small": 8, "tiny": 4}
EPS = 0.0010000000474974513


def crepe(**changes: Any) -> CRePE:
    arguments = {
        "depth": "tiny",
        "dropout": 0.25,
        "learning_rate": 1e-3,
        "optimiser": "adam",
        "outputs": 1,
    }
    return CRePE(**(arguments | changes))


def lively(model: CRePE, seed: int = 0) -> CRePE:
    """Give the batch norms statistics and weights of their own, as training would."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in model.state_dict().items():
        if ".bn." in name and value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return model


def published(
    weights: dict[str, torch.Tensor],
    x: torch.Tensor,
    first: tuple[int, int] = (254, 254),
    eps: float = EPS,
) -> torch.Tensor:
    """CREPE as its authors' code computes it: (n, channels, time, 1), kernels (k, 1)."""
    x = x[:, None, :, None]
    for i in range(6):
        layer = f"conv_layers.{i}"
        pad, stride = (first, (4, 1)) if i == 0 else ((31, 32), (1, 1))
        x = functional.pad(x, (0, 0, *pad))
        kernel, bias = weights[f"{layer}.conv2d.weight"], weights[f"{layer}.conv2d.bias"]
        x = functional.relu(functional.conv2d(x, kernel, bias, stride=stride))
        norm = [weights[f"{layer}.bn.{name}"] for name in ("running_mean", "running_var")]
        affine = [weights[f"{layer}.bn.{name}"] for name in ("weight", "bias")]
        x = functional.batch_norm(x, *norm, *affine, training=False, eps=eps)
        x = functional.max_pool2d(x, (2, 1))
    x = x.permute(0, 2, 1, 3).reshape(len(x), -1)
    return functional.linear(x, weights["linear.weight"], weights["linear.bias"])


def sounds(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 1024, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("depth", ["tiny", "small"])
def test_it_computes_what_is_published(depth: str) -> None:
    model = lively(crepe(depth=depth, outputs=7)).double().eval()
    x = sounds(3).double()
    expected = published(model.state_dict(), x)
    torch.testing.assert_close(model(x), expected, rtol=1e-10, atol=1e-12)


def test_gradients_are_those_of_the_published_form() -> None:
    model = lively(crepe()).double().eval()
    weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
    kernels = [name for name in weights if name.endswith("conv2d.weight")]
    for name in kernels:
        weights[name].requires_grad_()
    x = sounds(4).double()
    published(weights, x).square().sum().backward()
    model(x).square().sum().backward()
    for name in kernels:
        own = model.get_parameter(name).grad
        torch.testing.assert_close(own, weights[name].grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("depth", "multiplier"), DEPTHS.items())
def test_every_depth_has_the_published_number_of_weights(depth: str, multiplier: int) -> None:
    filters = [1, *(multiplier * count for count in (32, 4, 4, 4, 8, 16))]
    expected = 64 * multiplier * 360 + 360
    for i in range(6):
        width = 512 if i == 0 else 64
        expected += filters[i] * filters[i + 1] * width + 3 * filters[i + 1]
    model = crepe(depth=depth, outputs=360)
    assert sum(weight.numel() for weight in model.parameters()) == expected
    if depth == "full":
        # What the published model's summary says, which counts the running statistics too.
        assert expected + 2 * sum(filters[1:]) == 22_244_328


def test_weights_have_the_names_and_shapes_of_the_files() -> None:
    shapes = {name: tuple(value.shape) for name, value in crepe(outputs=2).state_dict().items()}
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = [f"conv2d.{name}" for name in ("weight", "bias")] + [f"bn.{name}" for name in norm]
    expected = {f"conv_layers.{i}.{name}" for i in range(6) for name in names}
    assert set(shapes) == expected | {"linear.weight", "linear.bias"}
    assert shapes["conv_layers.0.conv2d.weight"] == (128, 1, 512, 1)
    assert shapes["conv_layers.1.conv2d.weight"] == (16, 128, 64, 1)
    assert shapes["conv_layers.5.conv2d.weight"] == (64, 32, 64, 1)
    assert shapes["linear.weight"] == (2, 256)


def test_the_signature_is_public() -> None:
    parameters = inspect.signature(CRePE).parameters
    assert list(parameters) == ["depth", "dropout", "learning_rate", "optimiser", "outputs"]
    assert set(get_args(parameters["depth"].annotation)) == set(DEPTHS)
    assert parameters["optimiser"].annotation == Literal["adam", "sgd"]


def test_common_parameters_of_a_routine_are_dropped() -> None:
    model = crepe(batch_size=16, num_of_epochs=3, seed=1, testing=False)
    assert model.hyperparameters == {
        "depth": "tiny",
        "dropout": 0.25,
        "learning_rate": 1e-3,
        "optimiser": "adam",
        "outputs": 1,
    }


@pytest.mark.parametrize("shape", [(1024,), (2, 1023), (2, 1, 1024)])
def test_a_wrong_shape_is_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(n, 1024\), got \(") as error:
        crepe()(torch.zeros(shape))
    assert str(shape) in str(error.value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"depth": "huge"}, "'huge'"),
        ({"optimiser": "lion"}, "'lion'"),
        ({"dropout": 1.0}, "dropout"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"outputs": 0}, "outputs"),
    ],
)
def test_unknown_arguments_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        crepe(**change)


@pytest.mark.parametrize(("optimiser", "kind"), [("adam", "Adam"), ("sgd", "SGD")])
def test_the_optimiser_is_the_one_asked_for(optimiser: str, kind: str) -> None:
    model = crepe(optimiser=optimiser, learning_rate=0.02)
    assert type(model.optimiser).__name__ == kind
    assert model.optimiser.param_groups[0]["lr"] == 0.02


def test_training_is_a_step_down_the_gradient() -> None:
    """One step of plain gradient descent, with the gradient by finite differences of the loss."""
    torch.manual_seed(0)
    model = crepe(dropout=0.0, optimiser="sgd", learning_rate=1e-3).double()
    x, y = sounds(4).double(), torch.rand(4, 1, dtype=torch.float64)
    bias = model.linear.bias
    before = bias.item()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    losses = []
    for shift in (-1e-4, 1e-4):
        model.load_state_dict(state)
        with torch.no_grad():
            bias += shift
            losses.append(functional.mse_loss(model(x), y).item())
    model.load_state_dict(state)
    model.innerTrainingLoop(0, 2, x, y)
    slope = (losses[1] - losses[0]) / 2e-4
    assert bias.item() == pytest.approx(before - 1e-3 * slope, abs=1e-9)
    assert float(model.training_loss) == pytest.approx(sum(losses) / 2 / 2, rel=1e-6)


def test_training_learns_a_batch_and_sums_its_losses() -> None:
    torch.manual_seed(0)
    model = crepe(dropout=0.0)
    x, y = sounds(4), torch.linspace(0, 1, 4)[:, None]
    losses = []
    for _ in range(10):
        model.training_loss = 0.0
        model.innerTrainingLoop(0, 1, x, y)
        losses.append(float(model.training_loss))
    assert losses[-1] < losses[0] / 2


def test_targets_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 1\), got \(4,\)"):
        crepe().innerTrainingLoop(0, 1, sounds(4), torch.zeros(4))


def test_its_step_may_be_recorded() -> None:
    """On the device 'meta' there are no numbers: asking for one, to branch on it, is an error."""
    model = crepe(optimiser="sgd", outputs=2).to("meta")
    assert CRePE.capturable
    for _ in range(2):
        model.innerTrainingLoop(0, 2, sounds(4).to("meta"), torch.zeros(4, 2, device="meta"))
    assert torch.as_tensor(model.training_loss).device.type == "meta"


def test_the_loss_is_added_in_place() -> None:
    model = crepe()
    model.training_loss = total = torch.zeros(())  # type: ignore[assignment]
    model.innerTrainingLoop(0, 1, sounds(4), torch.zeros(4, 1))
    assert model.training_loss is total
    assert total > 0


def test_the_float64_of_a_dataset_goes_into_a_float32_model() -> None:
    model, x = lively(crepe()).eval(), sounds(3).double()
    assert model(x).equal(model(x.float()))


def test_bfloat16_does_not_round_what_it_predicts() -> None:
    torch.manual_seed(0)
    model, x = lively(crepe(outputs=2)).eval(), sounds(64)
    whole = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(x)
        assert torch.is_autocast_enabled("cpu")
        assert model.double()(x.double()).dtype == torch.float64
    assert rounded.dtype == torch.float32
    assert not rounded.equal(rounded.bfloat16().float())
    torch.testing.assert_close(rounded, whole, rtol=0.02, atol=0.02)


def renamed(model: CRePE) -> dict[str, torch.Tensor]:
    """Its weights by the names of the published files."""
    weights = {}
    for name, value in model.state_dict().items():
        for i in range(6):
            name = name.replace(f"conv_layers.{i}.conv2d", f"conv{i + 1}")
            name = name.replace(f"conv_layers.{i}.bn", f"conv{i + 1}_BN")
        weights[name.replace("linear", "classifier")] = value
    return weights


def test_published_weights_are_taken_by_their_names() -> None:
    model = lively(crepe(depth="small", outputs=360)).eval()
    state = torch.random.get_rng_state()
    again = CRePE.from_published(renamed(model), dropout=0.5)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(again(sounds(2)), model(sounds(2)))
    assert again.hyperparameters == {
        "depth": "small",
        "dropout": 0.5,
        "learning_rate": 2e-4,
        "optimiser": "adam",
        "outputs": 360,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classifier.weight", torch.zeros(360, 100)),
        ("classifier.weight", None),
        ("conv3_BN.bias", None),
        ("conv2.weight", torch.zeros(16, 128, 32, 1)),
    ],
)
def test_other_weights_are_refused(name: str, value: torch.Tensor | None) -> None:
    weights = renamed(crepe(outputs=360))
    if value is None:
        del weights[name]
    else:
        weights[name] = value
    for other in (weights, "full.pth"):
        with pytest.raises(ValueError, match="not the weights of a published CREPE"):
            CRePE.from_published(other)


def checkpoint(model: CRePE, **changes: Any) -> ExportedModel:
    return {  # type: ignore[typeddict-item, return-value]
        "model_state_dict": model.state_dict(),
        "hyperparameters": {"batch_size": 16, **model.hyperparameters},
        "run_info": {"epoch": 0, "exports_dir": "", "id": "", "model": None},
        **changes,
    }


def test_legacy_checkpoints_run_as_they_were_trained() -> None:
    model = lively(crepe())
    old = checkpoint(model)
    del old["hyperparameters"]["outputs"]
    again = CRePE.from_checkpoint(old).eval()
    x = sounds(3)
    expected = published(model.state_dict(), x, first=(255, 256), eps=1e-5)
    torch.testing.assert_close(again(x), expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(again(x), published(model.state_dict(), x), rtol=1e-4, atol=1e-5)


def test_legacy_checkpoints_crop_whole_sounds() -> None:
    model = CRePE.from_checkpoint(checkpoint(lively(crepe()))).eval()
    x = torch.cat([sounds(2), sounds(2, seed=1)], dim=1)
    assert torch.equal(model(x), model(sounds(2)))
    for wrong in (x[:, :1023], x[0], x[:, None]):
        with pytest.raises(ValueError, match=r"\(n, 1024\), got \("):
            model(wrong)


def test_a_legacy_checkpoint_saved_again_still_runs_as_it_was_trained() -> None:
    old = CRePE.from_checkpoint(checkpoint(lively(crepe())))
    again = CRePE.from_checkpoint(checkpoint(old, format_version=1))
    x = sounds(2)
    assert torch.equal(again.eval()(x), old.eval()(x))


def test_checkpoints_of_today_run_as_published() -> None:
    model = lively(crepe(outputs=3)).eval()
    again = CRePE.from_checkpoint(checkpoint(model, format_version=1)).eval()
    assert torch.equal(again(sounds(2)), model(sounds(2)))
    assert again.hyperparameters == model.hyperparameters
