"""Trainings on sounds synthesised on the fly, and on augmented ones."""

from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.dataset import generateDataset
from kac_prediction.pipeline import ModelInput, Routine
from kac_prediction.samplers import BesselModel, PoissonModel
from models_of_users import Linear, parameters
from routines_of_users import squared

pytestmark = pytest.mark.slow

SETTINGS = {"duration": 0.02, "sample_rate": 16000, "M": 3, "N": 3}
INPUT = ModelInput(16000, 256, labels=("drum_size",), units=("m",))


class Listening(Linear):
    """Remembers what it was given."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate, inputs=256)
        self.heard: list[tuple[torch.Tensor, torch.Tensor]] = []

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.heard.append((x.clone(), y.clone()))
        super().innerTrainingLoop(i, loop_length, x, y)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("drums")
    generateDataset(BesselModel, SETTINGS, str(directory), 40, {"normalise_input": False}, seed=7)
    return directory


def routine(tmp_path: Path, data: Path, resume: str = "", **changes: Any) -> Routine:
    made = Routine(str(tmp_path), device="cpu")
    if resume:
        made.resume(resume)
    made.setParameters(parameters(seed=7, **changes))
    made.importDataset(str(data))
    made.use_input(INPUT)
    torch.manual_seed(0)
    made.M = Listening(**made.P)
    return made


def heard(made: Routine) -> list[tuple[torch.Tensor, torch.Tensor]]:
    assert isinstance(made.M, Listening)
    return made.M.heard


def test_no_batch_holds_a_drum_of_the_dataset(tmp_path: Path, data: Path) -> None:
    made = routine(tmp_path, data, steps_per_epoch=5, num_of_epochs=2)
    made.stream(BesselModel)
    made.train(squared(made))
    sizes = torch.cat([y for _, y in heard(made)]).flatten()
    assert len(sizes) == len(sizes.unique()) == 2 * 5 * 4
    stored = torch.as_tensor(made.D.Y).float().flatten()
    assert not torch.isin(sizes, stored).any()
    assert all(x.shape == (4, 256) for x, _ in heard(made))
    assert made.history[-1]["selection_loss"]["aggregate"] > 0


def test_as_many_steps_as_the_first_part_would_give(tmp_path: Path, data: Path) -> None:
    made = routine(tmp_path, data, num_of_epochs=1)
    made.stream([(BesselModel, SETTINGS), (PoissonModel, SETTINGS)])
    made.train(squared(made))
    assert len(heard(made)) == len(made.parts()[0]) // 4


def test_a_stream_goes_on_where_it_was(tmp_path: Path, data: Path) -> None:
    def streaming(resume: str = "", **changes: Any) -> Routine:
        made = routine(tmp_path, data, resume, steps_per_epoch=3, **changes)
        made.stream(BesselModel)
        made.train(squared(made))
        return made

    whole = streaming(num_of_epochs=4)
    first = streaming(num_of_epochs=2)
    config = tmp_path / "more.yaml"
    config.write_text("num_of_epochs: 4")
    rest = Routine(str(tmp_path), device="cpu")
    rest.resume(first.R["exports_dir"])
    rest.setParameters(parameters(), str(config))
    rest.importDataset(str(data))
    rest.use_input(INPUT)
    rest.M = Listening(**rest.P)
    rest.stream(BesselModel)
    rest.train(squared(rest))
    both = [*heard(first), *heard(rest)]
    assert all(x.equal(u) and y.equal(v) for (x, y), (u, v) in zip(heard(whole), both, strict=True))
    assert whole.M.state_dict()["linear.weight"].equal(rest.M.state_dict()["linear.weight"])


def test_a_stream_is_not_resumed_on_a_dataset(tmp_path: Path, data: Path) -> None:
    first = routine(tmp_path, data, num_of_epochs=1)
    first.stream(BesselModel)
    first.train(squared(first))
    rest = routine(tmp_path, data, first.R["exports_dir"], num_of_epochs=2)
    with pytest.raises(
        ValueError, match="learnt from sounds synthesised on the fly, which this one would not"
    ):
        rest.train(squared(rest))


def test_a_stream_needs_to_know_the_inputs(tmp_path: Path, data: Path) -> None:
    made = Routine(str(tmp_path), device="cpu")
    made.setParameters(parameters())
    made.importDataset(str(data))
    with pytest.raises(ValueError, match="use_input first"):
        made.stream(BesselModel)


def test_another_dataset_is_no_stream(tmp_path: Path, data: Path) -> None:
    made = routine(tmp_path, data, num_of_epochs=1)
    made.stream(BesselModel)
    made.importDataset(str(data))
    made.use_input(INPUT)
    made.train(squared(made))
    stored = torch.as_tensor(made.D.Y).float()
    assert all(torch.isin(y, stored).all() for _, y in heard(made))


def test_augmented_sounds_differ_from_epoch_to_epoch_and_the_scored_do_not(
    tmp_path: Path, data: Path
) -> None:
    seen: list[torch.Tensor] = []
    made = routine(tmp_path, data, num_of_epochs=2, augment_noise=-20.0, augment_onset=0.001)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        seen.append(x.clone())
        squared(made)(i, loop_length, x, y)

    made.train(score)
    clean = {float(y): x for x, y in zip(made.D.X.float(), made.D.Y, strict=True)}
    by_sound: dict[float, list[torch.Tensor]] = {}
    for x, y in heard(made):
        assert x.amin(1).equal(-torch.ones(len(x)))
        assert x.amax(1).equal(torch.ones(len(x)))
        for sound, size in zip(x, y, strict=True):
            by_sound.setdefault(float(size), []).append(sound)
    assert all(not sounds[0].equal(sounds[-1]) for sounds in by_sound.values())
    assert len(clean) == 8
    assert all(any(x.equal(sound) for sound in made.D.X.float()) for x in torch.cat(seen))


def test_a_dataset_that_was_shaped_again_is_taken_as_it_is(tmp_path: Path, data: Path) -> None:
    made = routine(tmp_path, data, num_of_epochs=1, augment_noise=-20.0)
    made.D.X = made.D.X * 0 + 1
    made.train(squared(made))
    assert all(x.equal(torch.ones_like(x)) for x, _ in heard(made))
