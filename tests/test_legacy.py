"""The text formats of kac_drumset: what was written is what loads, or what is wrong is said."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from kac_prediction.dataset import (
    DatasetError,
    InputRepresentation,
    loadDataset,
    transformDataset,
)
from legacy_text import MEL, MEL_SETTINGS, SAMPLERS, STYLES, waves, write

Digest = Callable[[Path], dict[str, str]]
Damage = Callable[[bytes, np.random.Generator], bytes]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", SAMPLERS)
def test_every_format_loads(tmp_path: Path, kind: str, style: str) -> None:
    x = waves()
    content = write(tmp_path, x, sampler=SAMPLERS[kind], style=style)
    dataset = loadDataset(str(tmp_path))
    assert dataset.X.dtype == torch.float64
    assert dataset.X.tolist() == x
    assert [y["drum_size"].tolist() for y in dataset.Y] == [[0.5], [0.5], [1.5], [1.5], [2.5]]
    assert dataset.groups.tolist() == [0, 0, 1, 1, 2]
    assert dataset.legacy.tolist() == [True] * 5
    assert dataset.seed is None
    name = "LaméModel" if kind.startswith("E9") else "BesselModel"
    version = {"E7": "", "E8": "1.4.2", "E8b": "1.4.2"}.get(kind, "0.2.0")
    assert dataset.sampler == {"name": name, "version": version}
    assert dataset.sampler_settings == {"duration": 0.01, "sample_rate": 800}
    assert dataset.representation_settings["n_mels"] == 32
    assert dataset.representation_settings["normalise_input"] is False
    assert (tmp_path / "metadata.legacy.json").read_bytes() == content
    again = loadDataset(str(tmp_path))
    assert torch.equal(again.X, dataset.X)
    assert again.legacy.all()
    assert {path.name for path in tmp_path.iterdir()} == {
        "metadata.json",
        "metadata.legacy.json",
        "x.npy",
    }


@pytest.mark.parametrize("output_type", ["fft", "mel"])
@pytest.mark.parametrize("style", STYLES)
def test_spectrograms_load_and_are_transformed(
    tmp_path: Path, output_type: Any, style: str
) -> None:
    settings = {"hop_length": 7, "n_bins": 16, "n_mels": 3, "window_length": 16}
    stored: Any = settings | {"output_type": output_type, "normalise_input": True}
    sounds = np.random.default_rng(2).integers(-99, 99, size=(3, 40)) / 128
    x = InputRepresentation(800, stored).transform(sounds)
    write(
        tmp_path,
        x.tolist(),
        representation=json.dumps(stored),
        settings='{"duration": 0.05, "sample_rate": 800}',
        style=style,
    )
    for i, sound in enumerate(sounds):
        soundfile.write(tmp_path / f"sample_{i:05d}.wav", sound, 800, "PCM_24")
    dataset = loadDataset(str(tmp_path))
    assert torch.equal(dataset.X, x)
    raw = transformDataset(dataset, {"normalise_input": False})
    assert np.array_equal(raw.X.numpy(), sounds)
    assert raw.legacy.all()
    assert (tmp_path / "metadata.legacy.json").exists()


@pytest.mark.parametrize("style", ["lines", "CRLF", "one line", "spread"])
@pytest.mark.parametrize("kind", ["E8", "E9", "E9 raw"])
def test_numbers_that_are_not_finite(tmp_path: Path, kind: str, style: str) -> None:
    words = "[nan, NaN, inf, -inf, Infinity, -Infinity, 1e-05, -0.0]"
    settings = (
        '{"duration": 0.01, "sample_rate": 800, "decay_time": inf, "a": [nan, -Infinity], '
        '"Lam\\u00e9": NaN, "é": -inf}'
    )
    labels = ['{"Lam\\u00e9": [1], "é": [1e-05]}']
    write(tmp_path, [words], labels, settings=settings, sampler=SAMPLERS[kind], style=style)
    dataset = loadDataset(str(tmp_path))
    inf, nan = float("inf"), float("nan")
    expected = np.array([nan, nan, inf, -inf, inf, -inf, 1e-05, -0.0])
    assert np.array_equal(dataset.X.numpy()[0], expected, equal_nan=True)
    assert np.signbit(dataset.X.numpy()[0, -1])
    assert dataset.sampler_settings["decay_time"] == inf
    assert np.array_equal(dataset.sampler_settings["a"], [nan, -inf], equal_nan=True)
    assert np.isnan(dataset.sampler_settings["Lamé"])
    assert dataset.sampler_settings["é"] == -inf
    assert {name: y.tolist() for name, y in dataset.Y[0].items()} == {"Lamé": [1], "é": [1e-05]}


def test_groups_are_consecutive_samples_of_one_body(tmp_path: Path) -> None:
    labels = [
        '{"drum_size": [0.5], "vertices": [[0, 0], [0, 1], [1, 0]], "strike_location": [0.1, 0.2]}',
        '{"drum_size": [0.5], "vertices": [[0, 0], [0, 1], [1, 0]], "strike_location": [0.3, 0.2]}',
        '{"drum_size": [0.5], "vertices": [[0, 0], [0, 1], [2, 0]], "sample_location": [0.0, 0.1]}',
        '{"drum_size": [0.6], "strike_location": [0.1, 0.2]}',
        '{"drum_size": [0.5], "strike_location": [0.1, 0.2]}',
        '{"strike_location": [0.1, 0.2]}',
        '{"strike_location": [0.1, 0.2]}',
    ]
    write(tmp_path, waves(7), labels)
    dataset = loadDataset(str(tmp_path))
    assert dataset.groups.tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert dataset.Y[2]["vertices"].tolist() == [[0, 0], [0, 1], [2, 0]]


def test_a_text_cut_anywhere_is_an_error_and_changes_nothing(
    tmp_path: Path, digest: Digest
) -> None:
    content = write(tmp_path, waves(2), sampler=SAMPLERS["E9 raw"])
    path = tmp_path / "metadata.json"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        before = digest(tmp_path)
        with pytest.raises(DatasetError, match=r"metadata\.json.* byte \d+") as caught:
            loadDataset(str(tmp_path))
        offset = re.search(r"byte (\d+)", str(caught.value))
        assert offset is not None
        assert int(offset[1]) <= length
        assert digest(tmp_path) == before


def replaced(content: bytes, rng: np.random.Generator) -> bytes:
    """One byte less, or another word in its place."""
    words = [b"", b"[", b"]", b'"', b"{", b"}", b",", b"\xff", b"\0", b"\\", b"9", b"nan", b"null"]
    place = int(rng.integers(len(content)))
    return content[:place] + rng.choice(words) + content[place + 1 :]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three bits are others."""
    damaged = bytearray(content)
    for place in rng.integers(8 * len(content), size=rng.integers(1, 4)):
        damaged[place // 8] ^= 1 << (place % 8)
    return bytes(damaged)


@pytest.mark.parametrize("damage", [replaced, flipped])
@pytest.mark.parametrize("nested", [False, True])
def test_damaged_bytes_never_crash(tmp_path: Path, damage: Damage, nested: bool) -> None:
    if nested:
        x = np.random.default_rng(4).normal(size=(2, 2, 3)).tolist()
        content = write(tmp_path, x, representation=MEL, settings=MEL_SETTINGS)
    else:
        content = write(tmp_path, waves(2, 4), settings='{"duration": 0.5, "sample_rate": 8}')
    rng = np.random.default_rng(3)
    failures = 0
    for _ in range(200):
        directory = tmp_path / "damaged"
        directory.mkdir()
        (directory / "metadata.json").write_bytes(damage(content, rng))
        try:
            assert loadDataset(str(directory)).X.shape == ((2, 2, 3) if nested else (2, 4))
        except DatasetError as error:
            failures += "metadata.json" in str(error)
            assert [path.name for path in directory.iterdir()] == ["metadata.json"]
        shutil.rmtree(directory)
    assert failures > 80


@pytest.mark.parametrize(
    ("x", "options", "match"),
    [
        ([[0.0] * 8, [0.0] * 7], {}, r"x of sample 1 has the shape \(7,\), expected was \(8,\)"),
        ([[[0.0] * 8]], {}, r"x of sample 0 has the shape \(1, 8\)"),
        (["[[[0.0]]]"], {}, r"expected a number, got '\['"),
        (["[[1], [1, 2]]"], {}, "a list of 1 numbers, not of 2"),
        (["[1, true]"], {}, r"expected a number, got 'true'"),
        ([f"[1{'0' * 400}]"], {}, "a number within the range of float64"),
        ([[0.0] * 9], {}, "a list of 9 numbers, where 8 are the most"),
        (["null"], {}, "got b'null'"),
        ([[0.0] * 8], {"size": 2}, "only 1 samples where its dataset_size says 2"),
        ([[0.0] * 8] * 2, {"size": 1}, "more samples where its dataset_size says 1"),
        ([], {"size": 0}, "at least 1"),
        ([[0.0] * 8], {"labels": ['{"a": [nan]}']}, "'a' of sample 0 is not finite"),
        ([[0.0] * 8], {"labels": [f'{{"a": [{10**400}]}}']}, "'a' of sample 0 is not finite"),
        ([[0.0] * 8], {"labels": ['{"a": 1}']}, "'a' of sample 0 must be a list"),
        ([[0.0] * 8], {"labels": ['{"a": [[1], [1, 2]]}']}, "damaged"),
        ([[0.0] * 8], {"labels": ["[1]"]}, "must have x and y"),
        ([[0.0] * 8], {"labels": ['{}, "x": []']}, "'x' too many"),
        ([[0.0] * 8], {"settings": '{"duration": 1}'}, "lacks 'sample_rate'"),
        ([[0.0] * 8], {"settings": "[]"}, "settings that make no dataset"),
        ([[0.0] * 8], {"representation": '{"n_bin": 3}'}, "n_bin"),
        ([[0.0] * 8], {"sampler": '{"name": "A"}'}, "not by a name and a version"),
        ([[0.0] * 8], {"sampler": '"{__import__(1)}"'}, "names its sampler"),
        ([[0.0] * 8], {"sampler": '"{1: 2}"'}, "not by a name and a version"),
        ([[0.0] * 8], {"sampler": "[" * 99 + "]" * 99}, "expected a value, got"),
        ([[0.0] * 8], {"sampler": '"A", "format": 3'}, None),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, x: list[Any], options: dict[str, Any], match: str | None
) -> None:
    write(tmp_path, x, options.pop("labels", None), **options)
    if match is None:
        assert len(loadDataset(str(tmp_path))) == len(x)
        return
    for _ in range(2):
        with pytest.raises(DatasetError, match=match):
            loadDataset(str(tmp_path))
    assert not (tmp_path / ".staging").exists()


def test_lengths_between_whole_numbers_of_samples(tmp_path: Path) -> None:
    for length in (3, 4):
        settings = '{"duration": 0.037, "sample_rate": 100}'
        write(tmp_path / str(length), waves(2, length), settings=settings)
        assert loadDataset(str(tmp_path / str(length))).X.shape == (2, length)
