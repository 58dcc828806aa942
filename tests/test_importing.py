import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kac_prediction.dataset import RepresentationSettings, TorchDataset, generateDataset
from kac_prediction.dataset.legacy import current_labels
from kac_prediction.pipeline import ModelInput, Routine, generate_family
from kac_prediction.samplers import BesselModel, TestSweep, TestTone
from published import NAME, archive, point_at, serving, unpacked

TONE = {"duration": 0.05, "sample_rate": 8000}
MEL = RepresentationSettings(
    output_type="mel", n_bins=64, window_length=64, hop_length=32, n_mels=8
)
Digest = Callable[[Path], dict[str, str]]
# Datasets of both records: of the first sampler, and of the corrected one.
FIRST: dict[str, str] = {}
CORRECTED = {
    "sampler": '{"name": "BesselModel", "version": "1.2.0"}',
    "settings": '{"boundary_conditions": true, "duration": 0.01, "sample_rate": 800}',
}


def import_dataset(directory: str, *args: Any, **kwargs: Any) -> TorchDataset:
    """Import a dataset, as a routine does."""
    routine = Routine(str(Path(directory).parent / "exports"))
    routine.importDataset(directory, *args, **kwargs)
    return routine.D


@pytest.fixture
def tones(tmp_path: Path) -> str:
    """The directory of four tones."""
    generateDataset(TestTone, TONE, str(tmp_path / "tones"), 4, seed=1)
    return str(tmp_path / "tones")


def test_without_anything_there_a_local_set_is_made(tmp_path: Path) -> None:
    made = import_dataset(
        str(tmp_path / "new"), "", TestTone, None, TONE, dataset_size=6, seed=1, workers=1
    )
    assert len(made) == 6
    assert made.seed == 1
    expected = generateDataset(TestTone, TONE, str(tmp_path / "other"), 6, seed=1)
    assert made.X.equal(expected.X)


# The seed is a fresh one: a tone may pass 1 by a rounding.
@pytest.mark.filterwarnings("ignore:.* were clipped in")
def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    made = import_dataset(str(tmp_path / "new"), LocalSampler=TestTone)
    assert made.X.shape == (200, 48000)
    assert made.sampler_settings["duration"] == 1.0
    assert made.sampler_settings["sample_rate"] == 48000
    other = import_dataset(str(tmp_path / "other"), LocalSampler=TestTone, dataset_size=1)
    assert other.seed != made.seed


def test_an_existing_dataset_is_loaded_and_never_replaced(
    tones: str, digest: Digest, caplog: Any
) -> None:
    before = digest(Path(tones))
    with caplog.at_level(logging.WARNING):
        dataset = import_dataset(tones, "", TestTone, None, TONE, dataset_size=9, seed=2)
    assert len(dataset) == 4
    assert dataset.seed == 1
    assert digest(Path(tones)) == before
    assert "holds 4 samples" in caplog.text
    assert "9" in caplog.text
    assert len(import_dataset(tones)) == 4


def test_it_is_transformed_when_another_representation_is_asked_for(tones: str) -> None:
    assert import_dataset(tones, representation_settings=MEL).X.shape == (4, 8, 13)
    assert import_dataset(tones).X.shape == (4, 8, 13)
    assert import_dataset(tones, representation_settings={}).X.shape == (4, 8, 13)
    back = import_dataset(tones, representation_settings={"output_type": "end2end"})
    assert back.X.shape == (4, 400)


def test_nothing_there_and_nothing_to_make_it_from(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"give importDataset a dataset_name.*LocalSampler"):
        import_dataset(str(tmp_path / "nowhere"))


def test_another_sampler_is_an_error_that_names_both(tones: str, digest: Digest) -> None:
    before = digest(Path(tones))
    with pytest.raises(ValueError, match=r"made by TestTone.*is TestSweep"):
        import_dataset(tones, LocalSampler=TestSweep)
    with pytest.raises(ValueError, match=r"made by TestTone.*5000-circular.* is BesselModel"):
        import_dataset(tones, "5000-circular-drums-of-varying-size")
    assert digest(Path(tones)) == before


def test_settings_that_contradict_the_stored_ones_are_named(tones: str) -> None:
    asked = {"duration": 0.05, "sample_rate": 44100, "waveshape": "saw"}
    with pytest.raises(ValueError, match=r"sample_rate is 8000.*44100; waveshape is 'sin'.*'saw'"):
        import_dataset(tones, sampler_settings=asked)
    assert len(import_dataset(tones, sampler_settings={"waveshape": "sin", "new": 1})) == 4


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dataset_name must be .*5000-circular.*, got 'drums'"):
        import_dataset(str(tmp_path), "drums")


def test_a_named_set_is_downloaded_only_into_an_empty_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, content = str(tmp_path / "drums"), archive(tmp_path).read_bytes()
    with serving(content) as server:
        point_at(server, monkeypatch)
        mirror = {"dataset_source": f"{server.url}/mirror"}
        for _ in range(2):
            found = import_dataset(place, NAME, BesselModel, dataset_size=5, **mirror)
            assert len(found) == 5
        assert len(import_dataset(place, LocalSampler=BesselModel)) == 5
        assert len(server.requested) == 1
        import_dataset(str(tmp_path / "others"), NAME, **mirror)
        assert len(server.requested) == 2


def test_a_named_set_is_taken_from_where_it_is(tmp_path: Path) -> None:
    place, source = str(tmp_path / "drums"), unpacked(tmp_path / "source")
    routine = Routine(str(tmp_path))
    routine.importDataset(place, NAME, BesselModel, dataset_source=source)
    assert len(routine.D) == 5
    assert routine.D.legacy.all()
    routine.importDataset(place, NAME)
    with pytest.raises(ValueError, match=r"dataset_source is '.*source', but there is no dataset_"):
        routine.importDataset(str(tmp_path / "others"), dataset_source=source)


def test_the_record_is_part_of_what_a_named_set_is(tmp_path: Path, caplog: Any) -> None:
    first, newest = "7274474", "23148121"
    caplog.set_level("INFO")
    for record, other, made in ((first, newest, FIRST), (newest, first, CORRECTED)):
        place, source = str(tmp_path / record), tmp_path / f"{record}-source"
        unpacked(source, **made)
        with pytest.raises(ValueError, match=f"of record {other} is of record {record}.*scale"):
            import_dataset(place, NAME, dataset_source=source, dataset_record=other)
        assert not Path(place).exists()
        found = import_dataset(place, NAME, dataset_source=source, dataset_record=record)
        again = import_dataset(place, NAME)
        assert f"{place} holds {NAME} of record {record}" in caplog.text
        factor = 1 if record == newest else 1 / (2 * math.sqrt(math.pi))
        sizes = [y["drum_size"] * factor for y in found.Y]
        assert [y["drum_size"] for y in current_labels(again)] == sizes
        with pytest.raises(ValueError, match=f"of record {record}, not of {other}"):
            import_dataset(place, NAME, dataset_record=other)
    with pytest.raises(ValueError, match="record must be one of 23148121, 7274474, got '1'"):
        import_dataset(place, NAME, dataset_record="1")
    with pytest.raises(ValueError, match="there is no dataset_name"):
        import_dataset(place, dataset_record=first)


def test_a_family_made_here_stands_for_the_published_one(tmp_path: Path) -> None:
    generate_family(NAME, tmp_path, 3, seed=1)
    made = import_dataset(str(tmp_path), NAME, BesselModel)
    assert len(made) == 3
    assert not made.legacy.any()


def test_a_routine_takes_size_and_seed_from_its_parameters(tmp_path: Path) -> None:
    routine = Routine(str(tmp_path))
    routine.P = {"dataset_size": 3, "seed": 4}
    routine.importDataset(str(tmp_path / "a"), LocalSampler=TestTone, sampler_settings=TONE)
    assert (len(routine.D), routine.D.seed) == (3, 4)
    routine.importDataset(str(tmp_path / "b"), "", TestTone, None, TONE, 2, 5)
    assert (len(routine.D), routine.D.seed) == (2, 5)


def test_only_raw_sounds_are_shaped(tones: str) -> None:
    recipe = {"length": 16, "labels": ("f_0",), "units": ("Hz",)}
    raw = ModelInput(sample_rate=8000, **recipe)  # type: ignore[arg-type]
    routine = Routine(str(Path(tones).parent))
    routine.importDataset(tones)
    with pytest.raises(ValueError, match="normalise_input True"):
        routine.use_input(raw)
    routine.importDataset(tones, representation_settings={"normalise_input": False})
    with pytest.raises(ValueError, match=r"sample rate of 8000 Hz.* of 48000 Hz"):
        routine.use_input(ModelInput(sample_rate=48000, **recipe))  # type: ignore[arg-type]
    routine.use_input(raw)
    assert routine.D.X.shape == (4, 16)
    with pytest.raises(ValueError, match="shaped already"):
        routine.use_input(raw)
    routine.importDataset(tones, representation_settings=MEL)
    with pytest.raises(ValueError, match="holds mel"):
        routine.use_input(raw)
