"""The families of the published datasets, and making them by their names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from kac_prediction.dataset import RepresentationSettings, generateDataset, loadDataset
from kac_prediction.pipeline import download_dataset, generate_family
from kac_prediction.pipeline.datasets import importing
from kac_prediction.samplers import FAMILIES, BesselModel, Datasets, FDTDModel, PoissonModel
from kac_prediction.samplers.published import PUBLISHED_DATASETS, PublishedDataset, published_of
from published import NAME, unpacked
from samplers_of_users import Click

Digest = Callable[[Path], dict[str, str]]
SAMPLERS = (FDTDModel, BesselModel, PoissonModel)


def test_every_published_name_is_known() -> None:
    assert set(PUBLISHED_DATASETS) == set(get_args(Datasets))


def test_every_family_was_published_once() -> None:
    assert sorted(found.family for found in PUBLISHED_DATASETS.values()) == sorted(FAMILIES)
    for kind, adjective in zip(FAMILIES, ("circular", "rectangular", "polygonal"), strict=True):
        name = next(n for n, found in PUBLISHED_DATASETS.items() if found == published_of(kind))
        assert adjective in name


def test_names_say_their_size() -> None:
    for name, found in PUBLISHED_DATASETS.items():
        assert int(name.split("-")[0]) == found.size
        assert found.doi == "10.5281/zenodo.7274474"


@pytest.mark.parametrize(("name", "sampler"), [*zip(get_args(Datasets), SAMPLERS, strict=True)])
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
