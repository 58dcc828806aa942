"""Installing a published dataset, killed at any of its steps."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kac_prediction.pipeline import download_dataset
from kac_prediction.pipeline.datasets import install
from published import INSTALLED, NAME, archive, check_installed, unpacked

pytestmark = pytest.mark.slow

# Kills itself at the n-th of all that changes the disk, n = 0, 1, ... until it comes to an end.
PROGRAM = """
import logging, os, shutil, signal, sys
from pathlib import Path
from kac_prediction.dataset import loadDataset
from kac_prediction.dataset.storage import DatasetDirectory
from kac_prediction.pipeline import download_dataset

name, source, target = sys.argv[1], sys.argv[2], Path(sys.argv[3])

def die_after(steps):
    def counted(original):
        def call(*args, **kwargs):
            nonlocal steps
            steps -= 1
            if steps < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)
        return call
    of_paths = ("rename", "replace", "unlink", "mkdir", "write_text")
    for owner, what in [*((Path, w) for w in of_paths), (shutil, "rmtree"), (os, "fsync")]:
        setattr(owner, what, counted(getattr(owner, what)))

states, step, status = set(), 0, 1
logging.disable()
while status:
    child = os.fork()
    if not child:
        die_after(step)
        download_dataset(name, target, source)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), (step, status)
    shown = DatasetDirectory(target).holds_dataset()
    states.add(shown)
    if shown:
        assert len(loadDataset(str(target))) == 2, step
    try:
        download_dataset(name, target, source)
    except FileExistsError:
        assert shown, step
    assert {p.name for p in target.iterdir() if p.name != ".lock"} == set(sys.argv[4:]), step
    assert float(loadDataset(str(target)).X.sum()), step
    shutil.rmtree(target)
    step += 1
print(step, states == {True, False})
"""


THREE = {f"sample_{i:05d}.wav" for i in (2, 3, 4)}


def test_killed_at_any_step_it_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, NAME, str(unpacked(tmp_path / "source", count=2))]
    result = subprocess.run(
        [*command, str(tmp_path / "data"), *sorted(INSTALLED - THREE)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    steps, both = result.stdout.split()
    assert int(steps) > 25
    assert both == "True"


@pytest.mark.parametrize("place", ["unpack", "loadDataset", "_publish"])
def test_control_c(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = archive(tmp_path)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(install, place, interrupted)
        with pytest.raises(KeyboardInterrupt):
            download_dataset(NAME, tmp_path / "data", source)
    assert not (tmp_path / "data").exists() or [
        path.name for path in (tmp_path / "data").iterdir()
    ] == [".download"]
    download_dataset(NAME, tmp_path / "data", source)
    check_installed(tmp_path / "data", tmp_path / "source")
