"""The families of the published datasets, and making them by their names."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from kac_prediction.dataset import RepresentationSettings, generateDataset, loadDataset
from kac_prediction.pipeline import download_dataset, generate_family
from kac_prediction.pipeline.datasets import importing
from kac_prediction.samplers import FAMILIES, BesselModel, Datasets, FDTDModel, PoissonModel
from kac_prediction.samplers.published import (
    PUBLISHED_DATASETS,
    RECORDS,
    PublishedDataset,
    published_dataset,
    published_of,
    record_told_by,
)
from published import NAME, unpacked
from samplers_of_users import Click

Digest = Callable[[Path], dict[str, str]]
FEW = (  # one of each sampler, and of a newer name
    ("2000-convex-polygonal-drums-of-varying-size", FDTDModel),
    ("5000-circular-drums-of-varying-size", BesselModel),
    ("5000-rectangular-drums-of-varying-dimension", PoissonModel),
    ("2000-elliptic-drums-of-varying-area", FDTDModel),
)


def test_every_published_name_is_known() -> None:
    assert set(PUBLISHED_DATASETS) == set(get_args(Datasets))


def test_every_family_was_published_once() -> None:
    families = [found.family for found in PUBLISHED_DATASETS.values() if found.family]
    assert sorted(families) == sorted(FAMILIES)
    for kind, adjective in zip(FAMILIES, ("circular", "rectangular", "polygonal"), strict=True):
        name = next(n for n, found in PUBLISHED_DATASETS.items() if found == published_of(kind))
        assert adjective in name


def test_names_say_their_size() -> None:
    for name, found in PUBLISHED_DATASETS.items():
        assert int(name.split("-")[0]) == found.size
        assert found.doi == f"10.5281/zenodo.{found.record}"


def test_two_names_are_in_both_records() -> None:
    newest, first = RECORDS
    held = {record: set[str]() for record in RECORDS}
    for name in get_args(Datasets):
        for record in RECORDS:
            with contextlib.suppress(ValueError):
                held[record].add(name) if published_dataset(name, record).record == record else None
    assert (len(held[newest]), len(held[first])) == (7, 3)
    both = held[newest] & held[first]
    assert {name[:6] for name in both} == {"5000-c", "5000-r"}
    for name in get_args(Datasets):
        expected = newest if name in held[newest] else first
        assert published_dataset(name).record == expected  # by default
        told = record_told_by(name, {"boundary_conditions": True}), record_told_by(name, {})
        assert told == ((newest, first) if name in both else ("", ""))
    with pytest.raises(ValueError, match="record must be one of 23148121, got '7274474'"):
        published_dataset("2000-elliptic-drums-of-varying-area", first)


@pytest.mark.parametrize(("name", "sampler"), FEW)
def test_a_small_one_is_made_by_its_name(name: Any, sampler: Any, tmp_path: Path) -> None:
    made = generate_family(name, tmp_path, 2, seed=3)
    assert made.X.shape == (2, 48000)
    assert made.sampler["name"] == PUBLISHED_DATASETS[name].sampler.__name__ == sampler.__name__
    assert not made.legacy.any()
    for y in made.Y:
        assert 0.1 <= y["drum_size"].item() <= 1.0  # sqrt(area) in metres
    again = generateDataset(sampler, PUBLISHED_DATASETS[name].settings, str(tmp_path), 2, seed=3)
    assert again.X.equal(made.X)


def test_without_a_size_it_has_the_published_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []

    def generate(*args: Any, **kwargs: Any) -> None:
        calls.append((args, kwargs))

    monkeypatch.setattr(importing, "generateDataset", generate)
    settings = RepresentationSettings(output_type="mel")
    for name, found in PUBLISHED_DATASETS.items():
        generate_family(name, tmp_path, representation_settings=settings, seed=5, workers=2)
        args, kwargs = calls.pop()
        assert args == (found.sampler, found.settings, str(tmp_path))
        assert kwargs.pop("dataset_size") == found.size
        assert kwargs == {
            "representation_settings": settings,
            "seed": 5,
            "workers": 2,
            "overwrite": False,
        }


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*, got 'drums'"):
        generate_family("drums", tmp_path)  # type: ignore[arg-type]


def test_what_is_there_is_refused(tmp_path: Path, digest: Digest) -> None:
    downloaded, other = tmp_path / "downloaded", tmp_path / "other"
    download_dataset(NAME, downloaded, unpacked(tmp_path / "source"))
    generateDataset(BesselModel, {"duration": 0.01, "sample_rate": 8000}, str(other), 2, seed=1)
    before = digest(tmp_path)
    with pytest.raises(FileExistsError, match="kac_drumset"):
        generate_family(NAME, downloaded, 2)
    with pytest.raises(FileExistsError, match="holds another dataset"):
        generate_family(NAME, other, 2)
    with pytest.raises(ValueError, match=r"no file of a whole dataset"):
        generate_family(NAME, tmp_path, 2)
    assert digest(tmp_path) == before


class Interrupted(Click):
    """Clicks that end with Ctrl-C, the first time."""

    fuse = 7

    def generateWaveform(self) -> None:
        Interrupted.fuse -= 1
        if not Interrupted.fuse:
            raise KeyboardInterrupt
        super().generateWaveform()


def test_what_was_interrupted_goes_on(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicks = PublishedDataset("circle", 10, Interrupted, {"duration": 0.01, "sample_rate": 8000})
    monkeypatch.setattr(importing, "PUBLISHED_DATASETS", {NAME: clicks})
    place, undisturbed = tmp_path / "a", tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        generate_family(NAME, place, seed=1, workers=1)
    with pytest.raises(FileNotFoundError, match="holds no dataset"):
        loadDataset(str(place))
    made = generate_family(NAME, place, seed=1, workers=1)
    assert len(made) == 10
    generate_family(NAME, undisturbed, seed=1, workers=1)
    assert digest(place) == digest(undisturbed)


def test_settings_make_the_sampler() -> None:
    for found in PUBLISHED_DATASETS.values():
        sampler = found.sampler(**found.settings)
        assert found.length == sampler.length == 48000
        assert (sampler.duration, sampler.sample_rate) == (1.0, 48000)
