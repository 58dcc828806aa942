"""Datasets made by a real cluster of processes on this machine, also where one of them dies."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from kac_prediction import __version__, _core
from kac_prediction.dataset import (
    DatasetError,
    InputRepresentation,
    cluster,
    generateDataset,
    loadDataset,
    rendering,
)
from kac_prediction.dataset.behaviour import Behaviour
from kac_prediction.dataset.storage import Generation, Transaction, disk, sample_records
from kac_prediction.samplers import BesselModel
from samplers_of_users import Broken, Click
from waiting import PATIENCE

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
Digest = Callable[[Path], dict[str, str]]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Mortal(Click):
    """The first process that comes to sample 9 dies of it."""

    def __init__(self, duration: float, sample_rate: int, grave: str) -> None:
        super().__init__(duration, sample_rate)
        self.grave = grave

    def updateProperties(self, i: int | None) -> None:
        super().updateProperties(i)
        if i == 9 and not Path(self.grave).exists():
            Path(self.grave).touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two processes of one thread each, which find the modules of the tests.

    They fork from a process that has imported what all of them need.
    """
    method = {"distributed.worker.multiprocessing-method": "forkserver"}
    patience = {f"distributed.comm.timeouts.{name}": PATIENCE for name in ("connect", "tcp")}
    preload = ["distributed", "kac_prediction.dataset.cluster"]
    with pytest.MonkeyPatch.context() as patch, dask.config.set(method | patience):
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        distributed.utils.get_mp_context().set_forkserver_preload(preload)
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
            ) as machines,
            distributed.Client(machines) as found,
        ):
            yield found


@pytest.mark.parametrize("Sampler", [BesselModel, Click])
@pytest.mark.parametrize("shard_size", [None, 7])
def test_the_bytes_are_those_of_one_machine(
    tmp_path: Path, digest: Digest, client: Any, Sampler: Any, shard_size: int | None
) -> None:
    for name, where in (("one", None), ("many", client)):
        directory = str(tmp_path / name)
        generateDataset(
            Sampler, SETTINGS, directory, 41, MEL, 1, shard_size=shard_size, cluster=where
        )
    assert digest(tmp_path / "one") == digest(tmp_path / "many")
    loadDataset(str(tmp_path / "many"), verify=True)


def test_a_worker_that_dies_is_replaced(tmp_path: Path, digest: Digest, client: Any) -> None:
    settings = SETTINGS | {"grave": str(tmp_path / "grave")}
    generateDataset(Mortal, settings, str(tmp_path / "many"), 40, seed=1, cluster=client)
    assert (tmp_path / "grave").exists()
    generateDataset(Mortal, settings, str(tmp_path / "one"), 40, seed=1)
    assert digest(tmp_path / "one") == digest(tmp_path / "many")


def test_what_was_begun_on_one_machine_is_finished_on_many(
    tmp_path: Path, digest: Digest, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Generation.append

    def stop(generation: Generation, records: Any) -> None:
        if generation.done:
            raise KeyboardInterrupt
        append(generation, records)

    for name, begun, finished in (("one", None, client), ("many", client, None)):
        directory = tmp_path / name
        with monkeypatch.context() as patch:
            patch.setattr(Generation, "append", stop)
            patch.setattr(rendering, "_CHUNK_BYTES", 4 * 80 * 8)
            with pytest.raises(KeyboardInterrupt):
                generateDataset(Click, SETTINGS, str(directory), 23, seed=1, cluster=begun)
        assert 0 < len([*sample_records(directory / ".generating")]) < 23
        generateDataset(Click, SETTINGS, str(directory), 23, seed=1, cluster=finished)
    generateDataset(Click, SETTINGS, str(tmp_path / "whole"), 23, seed=1)
    assert digest(tmp_path / "one") == digest(tmp_path / "many") == digest(tmp_path / "whole")


def test_the_error_of_a_sampler_arrives(tmp_path: Path, client: Any) -> None:
    settings = SETTINGS | {"how": "nan"}
    with pytest.raises(ValueError, match="nan in sample 2 at position 5"):
        generateDataset(Broken, settings, str(tmp_path), 23, seed=1, cluster=client)


def test_what_is_clipped_is_counted(tmp_path: Path, client: Any) -> None:
    with pytest.warns(UserWarning, match=r"clipped in \d+ sounds"):
        generateDataset(Click, SETTINGS | {"loudest": 9.0}, str(tmp_path), 20, cluster=client)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"seed": 2}, "another generation"),
        ({"instruction_set": "abacus"}, "KAC_ISA"),
        ({"sampler": {"name": "Click", "version": "9.9"}}, r"9\.9"),
    ],
)
def test_a_worker_that_would_make_other_bytes_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: dict[str, Any], message: str
) -> None:
    tasks: list[cluster.RenderTask] = []

    class Here:
        """Runs tasks where it is, changed."""

        def nthreads(self) -> dict[str, int]:
            return {"here": 1}

        def submit(self, task: cluster.RenderTask, *_: Any, **__: Any) -> None:
            tasks.append(task)
            raise KeyboardInterrupt

        def cancel(self, futures: list[Any]) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=1, cluster=Here())
    (task,) = tasks
    vars(task)["plan"] = task.plan | plan
    if "seed" not in plan:
        monkeypatch.setattr(cluster, "read_plan", lambda _: task.plan)
    with pytest.raises(DatasetError, match=message):
        task(range(2))


def test_a_worker_without_the_directory_says_so(tmp_path: Path) -> None:
    task = cluster.RenderTask(tmp_path / "elsewhere", {}, Click, SETTINGS, 1, Behaviour())
    with pytest.raises(DatasetError, match="all machines must see it at this path"):
        task(range(2))


def test_a_cluster_without_workers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Late:
        """A client and future in one, whose worker comes after it was waited for a third time."""

        waited = 0

        def nthreads(self) -> dict[str, int]:
            return {}

        def submit(self, task: cluster.RenderTask, indices: range, **_: Any) -> "Late":
            self.task, self.indices = task, indices
            return self

        def result(self, timeout: float | None = None) -> Any:
            self.waited += 1
            if self.waited < 3:
                assert timeout == 5
                raise TimeoutError
            return self.task(self.indices)

        def done(self) -> bool:
            return self.waited > 2

        def cancel(self, futures: list[Any]) -> None: ...

    generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=1, cluster=Late())
    assert caplog.text.count("has no workers") == 1


@pytest.mark.parametrize("client", ["tcp://here", 5])
def test_what_is_no_client_is_refused(tmp_path: Path, client: Any) -> None:
    with pytest.raises(TypeError, match=r"dask\.distributed\.Client"):
        generateDataset(Click, SETTINGS, str(tmp_path / "a"), 5, cluster=client)
    assert not (tmp_path / "a").exists()


def test_nothing_is_committed_while_a_worker_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose task was given up, but who does not know that yet."""
    fcntl = pytest.importorskip("fcntl")
    original, seen = Transaction.commit, []

    def commit(self: Transaction, *arguments: Any, **options: Any) -> None:
        with (self.path / "plan.json").open("rb") as plan:
            try:
                fcntl.flock(plan, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                seen.append("held")
        original(self, *arguments, **options)

    monkeypatch.setattr(Transaction, "commit", commit)
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)
    assert seen == ["held"]


def test_a_worker_of_a_version_that_sounds_alike_is_welcome(tmp_path: Path) -> None:
    first = __version__.split(".")[0]
    plan = {
        "dataset_size": 1,
        "representation_settings": dict(InputRepresentation(8000).settings),
        "sampler_settings": SETTINGS,
        "seed": 1,
        "instruction_set": _core.instruction_set(),
        "shard_size": None,
    }
    for version, alike in ((f"{first}.999", True), ("77.0", False)):
        task = cluster.RenderTask(
            tmp_path,
            plan | {"sampler": {"name": "Click", "version": version}},
            Click,
            {},
            1,
            Behaviour(),
        )
        disk.publish(tmp_path / "plan.json", disk.sealed(json.dumps(task.plan).encode()))
        with nullcontext() if alike else pytest.raises(DatasetError, match="one version"):
            task._check(tmp_path)
