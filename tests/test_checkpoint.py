"""read_checkpoint: what is no checkpoint is refused in the words of this package."""

import io
import pickle
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch

import kac_prediction
from kac_prediction._files import plain
from kac_prediction.pipeline import loadModel, read_checkpoint
from models_of_users import Linear
from mutations import many
from saved_models import exported, save


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """The bytes of a checkpoint."""
    torch.manual_seed(0)
    save(tmp_path / "whole.pt", exported(Linear(0.1, inputs=4, outputs=2)))
    return (tmp_path / "whole.pt").read_bytes()


def refusal(path: Path) -> str:
    """The message about a file; no word of torch's is shown with it."""
    with pytest.raises(ValueError, match=path.name) as raised:
        read_checkpoint(path)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    text = str(raised.value)
    assert not any(word in text for word in ("weights_only", "PyTorch", "pickler", "pop from"))
    with pytest.raises(ValueError, match=path.name):
        loadModel(path)
    return text


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("text.txt", "this is no checkpoint")


def scripted(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version", "code/__torch__/a.py"):
            archive.writestr(f"model/{name}", "3\n")


def array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def arrays(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, a=np.zeros(3))


def saved(content: Any, **options: Any) -> Callable[[Path], None]:
    return lambda path: torch.save(content, path, **options)


def pickled(content: Any, protocol: int) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(pickle.dumps(content, protocol)) and None


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (Path.touch, "it is empty. Copy or download it again"),
        (lambda path: path.write_text("this is no checkpoint"), "of another format. Give a file"),
        (lambda path: path.write_text("t"), "it is of another format"),
        (lambda path: path.write_bytes(b"PK"), "or breaks off before its end"),
        (lambda path: path.write_bytes(bytes(range(256))), "it is of another format"),
        (array, "it is of another format"),
        (arrays, "a zip archive of another kind"),
        (zipped, "it is a zip archive of another kind. Give a file that a training wrote"),
        (scripted, "it is a zip archive of another kind"),
        (pickled({"a": 1}, 2), "it is a pickle of another kind"),
        (pickled({"a": [1, 2]}, 4), "it is a pickle of another kind"),
        (pickled([PurePosixPath("x")], 2), "it holds an object, pathlib"),
        (saved({"model_state_dict": PurePosixPath("x")}), "it holds an object, pathlib"),
        (saved(torch.nn.Linear(1, 2)), "an object, torch.nn.modules.linear.Linear, .* foreign"),
        (saved({"a": np.float64(0.5)}), "it holds an object, numpy.* Save plain numbers"),
        (
            saved({"a": PurePosixPath("x")}, _use_new_zipfile_serialization=False),
            "it holds an object, pathlib",
        ),
        (saved([1, 2]), "it lacks hyperparameters, model_state_dict, run_info. Give a file that"),
        (saved(torch.nn.Linear(1, 2).state_dict()), "it lacks hyperparameters, model_state_dict"),
        (
            saved({"hyperparameters": {}, "model_state_dict": None, "run_info": 3}),
            "it lacks model_state_dict, run_info",
        ),
    ],
)
def test_other_files_are_refused(
    write: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    write(tmp_path / "odd.pt")
    assert re.search(reason, refusal(tmp_path / "odd.pt"))


@pytest.mark.parametrize("cut", [1, 5, 22, 100, 1000])
def test_a_file_that_breaks_off_is_refused(cut: int, whole: bytes, tmp_path: Path) -> None:
    for part in (whole[:-cut], whole[:cut]):
        (tmp_path / "cut.pt").write_bytes(part)
        assert "Copy or download it again" in refusal(tmp_path / "cut.pt") or cut == 1


@pytest.mark.parametrize("bytes_changed", [1, 4])
def test_damage_is_refused_or_does_no_harm(
    bytes_changed: int, whole: bytes, tmp_path: Path
) -> None:
    """Bits changed anywhere: what can still be read is what was written."""
    draw = np.random.default_rng(0)
    file, refused = tmp_path / "damaged.pt", 0
    file.write_bytes(whole)
    written = plain(read_checkpoint(file))
    for _ in range(many(150)):
        damaged = bytearray(whole)
        for place in draw.integers(len(whole), size=bytes_changed):
            damaged[place] ^= 1 << int(draw.integers(8))
        file.write_bytes(damaged)
        with suppress(ValueError):
            assert plain(read_checkpoint(file)) == written
            continue
        refused += 1
    assert refused > 30
    refusal(file)


@pytest.mark.parametrize("name", ["data.pkl", "byteorder", "data/0", "data/1", "version"])
def test_no_weight_is_memory_that_nobody_wrote(name: str, whole: bytes, tmp_path: Path) -> None:
    """One bit of the attributes marks an entry as a directory, which torch does not read."""
    file, damaged = tmp_path / "damaged.pt", bytearray(whole)
    file.write_bytes(whole)
    written = plain(read_checkpoint(file))
    damaged[whole.rindex(f"whole/{name}".encode()) - 46 + 38] ^= 0x10
    file.write_bytes(damaged)
    assert plain(read_checkpoint(file)) == written


@pytest.mark.parametrize(("key", "kept"), [("0", 8), ("0", 0), ("0/", None)])
def test_a_weight_is_as_long_as_its_entry(
    key: str, kept: int | None, whole: bytes, tmp_path: Path
) -> None:
    """Nor where all checksums are right: an entry too short, and one named as a directory."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries[f"whole/data/{key}"] = entries.pop("whole/data/0")[:kept]
    text = b"X" + len(key).to_bytes(4, "little") + key.encode()
    entries["whole/data.pkl"] = entries["whole/data.pkl"].replace(b"X\1\0\0\x000", text)
    with zipfile.ZipFile(tmp_path / "odd.pt", "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "it is damaged" in refusal(tmp_path / "odd.pt")


def test_every_bit_of_a_weight_counts(tmp_path: Path) -> None:
    """The model that ships is checked too, whose file is as it was before anything was checked."""
    shipped = Path(kac_prediction.__file__).parent / "weights/any_drum.pt"
    with zipfile.ZipFile(shipped) as archive:
        entries = [entry for entry in archive.infolist() if "/data/" in entry.filename]
    content, draw = shipped.read_bytes(), np.random.default_rng(0)
    for entry in draw.choice(np.array(entries, dtype=object), 10):
        with zipfile.ZipFile(shipped) as archive, archive.open(entry) as stream:
            start = content.index(stream.read(), entry.header_offset)
        damaged = bytearray(content)
        damaged[start + int(draw.integers(entry.file_size))] ^= 1 << int(draw.integers(8))
        (tmp_path / "model.pt").write_bytes(damaged)
        assert "damaged" in refusal(tmp_path / "model.pt")


def bomb(*, inside: Any = 0) -> list[Any]:
    """A list that stands for 9 to the 40th values."""
    for _ in range(40):
        inside = [inside] * 9
    return inside  # type: ignore[no-any-return]


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format_version": 99}, "it has the format 99, .* knows those up to 1. Update kac_predic"),
        ({"format_version": "1"}, "its format_version is '1', not a number"),
        ({"format_version": True}, "its format_version is True"),
        ({"format_version": 0}, "its format_version is 0"),
        ({"hyperparameters": {"layers": bomb()}}, "'hyperparameters' is nested too deeply, or lar"),
        ({"progress": {"history": bomb()}}, "'progress' is nested too deeply, or larger"),
        ({"run_info": {"id": nested(200)}}, "'run_info' is nested too deeply"),
        ({"dataset": {"sampler": torch.zeros(3)}}, r"'dataset' holds tensor.*no plain value"),
        ({"model_input": {"sample_rate": 3j}}, "'model_input' holds 3j, which is no plain value"),
        (
            {"model_state_dict": {"linear.weight": torch.zeros(1).expand(10**12)}},
            "'model_state_dict' is nested too deeply, or larger than the file",
        ),
        ({"progress": torch.eye(3).to_sparse()}, "'progress' holds a tensor of a kind"),
        ({"progress": torch.empty(3, device="meta")}, "'progress' holds a tensor of a kind"),
    ],
)
def test_content_that_no_training_writes_is_refused(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    save(tmp_path / "odd.pt", exported(Linear(0.1, inputs=4, outputs=2), **changes))
    text = refusal(tmp_path / "odd.pt")
    assert re.search(reason, text)
    assert len(text) < 1000


def test_a_compressed_file_is_refused(whole: bytes, tmp_path: Path) -> None:
    """It could take any amount of memory; torch writes none."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for kind in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(tmp_path / "odd.pt", "w", kind) as archive:
            for name, content in entries.items():
                archive.writestr(name, content + bytes(10**6) * name.endswith("version"))
        assert "it is damaged" in refusal(tmp_path / "odd.pt")


def test_a_file_that_may_not_be_read_says_so(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not refused as no checkpoint: there is nothing wrong with the file."""

    def forbidden(self: Path, *args: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(PermissionError, match=r"whole\.pt"):
        read_checkpoint(tmp_path / "whole.pt")


def test_memory_that_is_too_small_is_no_fault_of_the_file(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(MemoryError):
        read_checkpoint(tmp_path / "whole.pt")


def test_a_checkpoint_that_an_older_torch_wrote_is_read(tmp_path: Path) -> None:
    model = Linear(0.1, inputs=4, outputs=2)
    torch.save(exported(model, 3), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert read_checkpoint(tmp_path / "a.pt")["run_info"]["epoch"] == 3
    assert isinstance(loadModel(str(tmp_path / "a.pt")), Linear)
