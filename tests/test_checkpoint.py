"""read_checkpoint: what is no checkpoint is refused in the words of this package."""

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

from kac_prediction.pipeline import loadModel, read_checkpoint
from models_of_users import Linear
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


def test_damage_is_refused_or_does_no_harm(whole: bytes, tmp_path: Path) -> None:
    """Bytes changed anywhere: what can still be read as a checkpoint is one."""
    draw = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in draw.integers(len(whole), size=4):
            damaged[place] ^= int(draw.integers(1, 256))
        (tmp_path / "damaged.pt").write_bytes(damaged)
        with suppress(ValueError):
            read_checkpoint(tmp_path / "damaged.pt")
            continue
        refused += 1
        refusal(tmp_path / "damaged.pt")
    assert refused > 30


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
