import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from formats import edit
from kac_prediction.dataset import (
    AudioSampler,
    DatasetError,
    InputRepresentation,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from samplers_of_users import Broken, Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
Digest = Callable[[Path], dict[str, str]]


def test_what_is_on_the_disk_and_in_memory(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 7, seed=3)
    sampler = Click(**SETTINGS)
    sampler.seed(3)
    sounds, labels = sampler.render(range(7))
    wavs = [soundfile.read(tmp_path / f"sample_{i:05d}.wav")[0] for i in range(7)]
    np.testing.assert_allclose(wavs, sounds, atol=2.0**-24)
    torch.testing.assert_close(
        dataset.X, torch.from_numpy(InputRepresentation.normalise(np.array(wavs))), rtol=0, atol=0
    )
    assert [{k: v.tolist() for k, v in y.items()} for y in dataset.Y] == labels
    assert dataset.X.dtype == torch.float64
    assert dataset.groups.tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metadata.json"] + [
        f"sample_{i:05d}.wav" for i in range(7)
    ] + ["x.npy"]


def test_the_header(tmp_path: Path) -> None:
    generateDataset(Click, {"sample_rate": 8000, "duration": 0.05}, str(tmp_path), 3, MEL, seed=9)
    document = json.loads((tmp_path / "metadata.json").read_text())
    assert document["dataset_size"] == 3
    assert list(document["representation_settings"]) == [
        "f_min",
        "hop_length",
        "n_bins",
        "n_mels",
        "normalise_input",
        "output_type",
        "window_length",
    ]
    assert document["sampler"]["name"] == "Click"
    assert list(document["sampler_settings"].items()) == [
        ("duration", 0.05),
        ("loudest", 0.9),
        ("sample_rate", 8000),
    ]
    assert document["seed"] == 9
    assert [list(entry) for entry in document["data"]] == [["y"]] * 3
    x = np.load(tmp_path / "x.npy")
    assert x.dtype == np.float64
    assert x.shape == (3, *InputRepresentation.transformShape(400, MEL))


def test_shards(tmp_path: Path, digest: Digest) -> None:
    made = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 7, seed=1, shard_size=3)
    assert sorted(digest(tmp_path / "a")) == [
        "metadata.json",
        *(f"shard_{i // 3:05d}/sample_{i:05d}.wav" for i in range(7)),
        "x.npy",
    ]
    plain = generateDataset(Click, SETTINGS, str(tmp_path / "b"), 7, seed=1)
    assert torch.equal(made.X, plain.X)
    for change in (
        lambda dataset: transformDataset(dataset, MEL),
        lambda dataset: regenerateDataPoints(dataset, Click, [0, 5]),
    ):
        made, plain = change(made), change(plain)
        assert torch.equal(made.X, plain.X)
        loadDataset(str(tmp_path / "a"), verify=True)


def test_the_same_sounds_in_other_folders(tmp_path: Path, digest: Digest) -> None:
    first = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 7, shard_size=2)
    again = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 7)
    assert torch.equal(first.X, again.X)
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 7, seed=first.seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert not list((tmp_path / "a").glob("shard_*"))
    (tmp_path / "c" / "shard_00000").mkdir(parents=True)
    (tmp_path / "c" / "shard_00000" / "mine.txt").touch()
    with pytest.raises(DatasetError, match=r"shard_00000/mine\.txt"):
        generateDataset(Click, SETTINGS, str(tmp_path / "c"), 7)


def test_a_sampler_of_a_user_in_two_processes(tmp_path: Path, digest: Digest) -> None:
    class Local(Click):
        """Known to no module: it reaches the processes by value."""

    generateDataset(Local, SETTINGS, str(tmp_path / "a"), 5, seed=1)
    generateDataset(Local, SETTINGS, str(tmp_path / "b"), 5, seed=1, workers=2)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_a_seed_is_drawn_and_recorded(tmp_path: Path, digest: Digest) -> None:
    first = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 3)
    other = generateDataset(Click, SETTINGS, str(tmp_path / "b"), 3)
    again = generateDataset(Click, SETTINGS, str(tmp_path / "c"), 3, seed=first.seed)
    assert first.seed != other.seed
    assert not torch.equal(first.X, other.X)
    assert digest(tmp_path / "a") == digest(tmp_path / "c")
    assert torch.equal(first.X, again.X)


def test_the_same_arguments_return_what_is_there(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    before = digest(tmp_path)
    monkeypatch.setattr(AudioSampler, "render", None)  # nothing is made again
    for seed in (4, None):
        generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=seed, overwrite=False)
    assert digest(tmp_path) == before


def test_other_arguments_replace_it_with_its_own_files_alone(
    tmp_path: Path, digest: Digest
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path / "a"), 8, seed=4)
    generateDataset(Click, SETTINGS, str(tmp_path / "a"), 3, MEL, seed=5)
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 3, MEL, seed=5)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize("seed", [4, None])
def test_another_representation_is_one_of_the_same_sounds(
    tmp_path: Path, digest: Digest, seed: int | None
) -> None:
    first = generateDataset(Click, SETTINGS, str(tmp_path / "made"), 5, seed=seed)
    mel = generateDataset(Click, SETTINGS, str(tmp_path / "made"), 5, MEL, seed)
    assert mel.sampler_settings == first.sampler_settings
    header = json.loads((tmp_path / "made/metadata.json").read_text())
    generateDataset(Click, SETTINGS, str(tmp_path / "at once"), 5, MEL, header["seed"])
    assert digest(tmp_path / "made") == digest(tmp_path / "at once")
    generateDataset(Click, SETTINGS, str(tmp_path / "made"), 5, seed=seed)
    assert torch.equal(loadDataset(str(tmp_path / "made")).X, first.X)
    with pytest.raises(FileExistsError, match="representation_settings"):
        generateDataset(Click, SETTINGS, str(tmp_path / "made"), 5, MEL, seed, overwrite=False)


def test_what_is_replaced_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    assert not caplog.messages
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=5)
    (message,) = caplog.messages
    assert "is replaced (seed: 4 there, 5 asked for)" in message


def test_overwrite_false_refuses(tmp_path: Path, digest: Digest) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    before = digest(tmp_path)
    with pytest.raises(FileExistsError, match="seed: 4 there, 5 asked for"):
        generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=5, overwrite=False)
    assert digest(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "size"),
    [("notes.txt", 0), ("sample_00000.wav", 0), ("notes.txt", 3), ("sample_00003.wav", 3)],
)
def test_foreign_files_are_refused_and_left_alone(
    tmp_path: Path, digest: Digest, name: str, size: int
) -> None:
    if size:
        generateDataset(Click, SETTINGS, str(tmp_path), size, seed=4)
    (tmp_path / name).write_text("mine")
    before = digest(tmp_path)
    with pytest.raises(DatasetError, match=name):
        generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=5)
    assert digest(tmp_path) == before


def test_a_dataset_that_is_there_is_returned_whatever_lies_beside_it(
    tmp_path: Path, digest: Digest
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    (tmp_path / "sample_00001.wav.heard.wav").write_text("mine")
    before = digest(tmp_path)
    assert len(generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)) == 3
    assert digest(tmp_path) == before


def test_hidden_files_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*")
    generateDataset(Click, SETTINGS, str(tmp_path), 2)
    assert (tmp_path / ".gitignore").read_text() == "*"


def test_an_unfinished_generation_of_something_else_is_dropped(
    tmp_path: Path, digest: Digest
) -> None:
    with pytest.raises(RuntimeError, match="this sampler broke"):
        generateDataset(Broken, {**SETTINGS, "how": "error"}, str(tmp_path / "a"), 5, seed=1)
    generateDataset(Click, SETTINGS, str(tmp_path / "a"), 5, seed=1)
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 5, seed=1)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize(
    ("how", "error", "match"),
    [
        (
            "nan",
            ValueError,
            "Broken made a value that is not finite: nan in sample 2 at position 5",
        ),
        ("length", ValueError, "sample 2"),
        ("label", ValueError, "'level' of sample 2"),
        ("text", TypeError, "'level' of sample 2"),
        ("error", RuntimeError, "this sampler broke"),
    ],
)
def test_a_broken_sampler_leaves_the_old_dataset(
    tmp_path: Path, how: str, error: type[Exception], match: str
) -> None:
    old = generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    with pytest.raises(error, match=match):
        generateDataset(Broken, {**SETTINGS, "how": how}, str(tmp_path), 4, seed=1)
    assert torch.equal(loadDataset(str(tmp_path)).X, old.X)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"dataset_size": 0}, ValueError, "dataset_size"),
        ({"dataset_size": 2.0}, TypeError, "dataset_size"),
        ({"shard_size": 0}, ValueError, "shard_size"),
        ({"shard_size": True}, TypeError, "shard_size"),
        ({"workers": 0}, ValueError, "workers"),
        ({"workers": "3"}, TypeError, "workers"),
        ({"seed": -1}, ValueError, "seed"),
        ({"Sampler": int}, TypeError, "AudioSampler"),
        ({"sampler_settings": {**SETTINGS, "size": 3}}, TypeError, "size"),
        ({"sampler_settings": {**SETTINGS, "loudest": object()}}, TypeError, "loudest"),
        ({"representation_settings": {"n_bins": 0}}, ValueError, "n_bins"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    defaults = {"Sampler": Click, "sampler_settings": SETTINGS, "dataset_dir": str(tmp_path / "a")}
    with pytest.raises(error, match=match):
        generateDataset(**(defaults | arguments))
    assert not (tmp_path / "a" / "metadata.json").exists()


def test_infinite_settings_survive_as_valid_json(tmp_path: Path) -> None:
    dataset = generateDataset(Click, {**SETTINGS, "loudest": 0.5}, str(tmp_path), 2)
    edit(tmp_path, lambda text: text.replace('"loudest": 0.5', '"loudest": {"float": "inf"}'))
    assert loadDataset(str(tmp_path)).sampler_settings["loudest"] == float("inf")
    assert dataset.sampler_settings["loudest"] == 0.5


@pytest.mark.parametrize("shard_size", [None, 2])
@pytest.mark.parametrize("seed", [4, None])
def test_lost_sounds_alone_are_made_anew(
    tmp_path: Path,
    digest: Digest,
    monkeypatch: pytest.MonkeyPatch,
    shard_size: int | None,
    seed: int | None,
) -> None:
    def again() -> None:
        generateDataset(Click, SETTINGS, str(tmp_path), 7, seed=seed, shard_size=shard_size)

    generateDataset(Click, SETTINGS, str(tmp_path), 7, seed=4, shard_size=shard_size)
    regenerateDataPoints(loadDataset(str(tmp_path)), Click, [5])
    before = digest(tmp_path)
    sounds = sorted(tmp_path.rglob("*.wav"))
    sounds[5].unlink()
    sounds[2].write_bytes(sounds[2].read_bytes()[:-3])
    rendered: list[int] = []
    render = Click.render
    with monkeypatch.context() as patch:
        patch.setattr(
            AudioSampler,
            "render",
            lambda self, indices: rendered.extend(indices) or render(self, indices),
        )
        again()
    assert rendered[6:] == [2, 5]  # what comes before is how Click is observed
    assert digest(tmp_path) == before


@pytest.mark.parametrize("name", ["x.npy", "sample_00001.wav"])
@pytest.mark.parametrize("seed", [4, None])
def test_a_dataset_that_lost_a_file_is_made_again(
    tmp_path: Path, digest: Digest, name: str, seed: int | None
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    before = digest(tmp_path)
    (tmp_path / name).unlink()
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=seed, overwrite=False)
    assert digest(tmp_path) == before


def test_of_two_writers_the_second_is_refused(tmp_path: Path, digest: Digest) -> None:
    class Nested(Click):
        """While it makes its first sound, another generation of the directory is tried."""

        def generateWaveform(self) -> None:
            super().generateWaveform()
            with pytest.raises(DatasetError, match="another process"):
                generateDataset(Click, SETTINGS, str(tmp_path / "a"), 5)

    generateDataset(Nested, SETTINGS, str(tmp_path / "a"), 3, seed=1)
    assert not (tmp_path / "a" / ".lock").exists()


def test_a_lock_of_a_dead_process_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert len(generateDataset(Click, SETTINGS, str(tmp_path), 2)) == 2


@pytest.mark.slow
def test_two_processes_at_once_leave_a_whole_dataset(tmp_path: Path, digest: Digest) -> None:
    program = (
        "import sys; from samplers_of_users import Click\n"
        "from kac_prediction.dataset import generateDataset, DatasetError\n"
        f"try: generateDataset(Click, {SETTINGS!r}, sys.argv[1], 60, seed=1)\n"
        "except DatasetError as error: assert 'another process' in str(error), error\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    running = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 60, seed=1)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_settings_that_do_not_fit_write_nothing(tmp_path: Path) -> None:
    settings: Any = {"output_type": "fft", "n_bins": 1024}
    with pytest.raises(ValueError, match="400"):
        generateDataset(Click, SETTINGS, str(tmp_path / "a"), 3, settings)
    assert not (tmp_path / "a").exists()


def test_what_is_clipped_is_counted_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"clipped in \d sounds") as warned:
        generateDataset(Click, {**SETTINGS, "loudest": 9.0}, str(tmp_path), 6, seed=1)
    assert len(warned) == 1
