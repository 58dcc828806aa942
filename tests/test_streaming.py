"""The stream is the dataset of its seed, without end, whoever makes which part of it."""

import pickle
import signal
import threading
import time
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from kac_prediction.dataset import InputRepresentation, StreamingDataset, generateDataset
from kac_prediction.samplers import BesselModel, FDTDModel
from samplers_of_users import Broken, Click
from waiting import wait_until

SETTINGS: dict[str, Any] = {"duration": 0.05, "sample_rate": 8000}
AS_IT_IS: Any = {"normalise_input": False}
SHORT: Any = {"duration": 0.004, "sample_rate": 8000}
Threads = Callable[[], set[threading.Thread]]


class Numbered(Click):
    """Says which sample of which worker it is; an odd one has one label more of a kind."""

    def __init__(self, duration: float, sample_rate: int, ragged: str = "") -> None:
        super().__init__(duration, sample_rate)
        self.ragged = ragged

    def updateProperties(self, i: int | None) -> None:
        super().updateProperties(i)
        self.i = i or 0

    def getLabels(self) -> dict[str, list[float | int]]:
        info = get_worker_info()
        labels: dict[str, list[float | int]] = {
            "i": [self.i],
            "worker": [info.id if info else -1],
        }
        if self.ragged:
            labels[self.ragged] = [self.i] * (1 + self.i % 2)
        if self.ragged == "more" and self.i % 2:
            labels["another"] = [0]
        return labels


def interrupt() -> None:
    """Press Ctrl-C."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


class Interrupting(Click):
    """Takes its time; its listener presses Ctrl-C at the fifth sound."""

    calls = count(1)  # of all threads

    def generateWaveform(self) -> None:
        if next(self.calls) == 5:
            interrupt()
        time.sleep(0.001)
        super().generateWaveform()


class InterruptingCore(FDTDModel):
    """Renders in the core; its listener presses Ctrl-C at the fifth part of a chunk."""

    calls = count(1)

    def render(self, indices: Any) -> Any:
        if next(self.calls) == 5:
            interrupt()
        return super().render(indices)


class Endless(Click):
    """Makes a sound that takes until it is told to go on; its listener loses patience."""

    go_on = threading.Event()

    def generateWaveform(self) -> None:
        if not self.go_on.is_set():
            interrupt()
        self.go_on.wait()
        super().generateWaveform()


class Ending(IterableDataset[Any]):
    """The first n of what each worker makes of a stream.

    A spawned worker that is stopped while it hands over a tensor may abort within torch, whatever
    the dataset; workers that have come to an end are stopped in peace.
    """

    def __init__(self, stream: Any, n: int) -> None:
        self.stream, self.n = stream, n

    def __iter__(self) -> Any:
        return islice(self.stream, self.n)


def rendered(sampler: Any, indices: range, settings: Any = None) -> torch.Tensor:
    """What the sampler itself makes of these samples, represented one by one."""
    sampler.seed(1)
    represent = InputRepresentation(sampler.sample_rate, settings).transform
    return torch.stack([represent(sampler.render([i])[0][0]) for i in indices])


def taken(stream: Any, n: int) -> tuple[torch.Tensor, list[dict[str, list[float]]]]:
    """The first n of what is handed out, one after the other."""
    xs, ys = zip(*islice(stream, n), strict=True)
    return torch.stack(xs), [{k: v.tolist() for k, v in y.items()} for y in ys]


@pytest.mark.parametrize("Sampler", [BesselModel, Click])
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_single_samples_are_those_of_the_sampler(Sampler: Any, threads: int | None) -> None:
    stream = StreamingDataset(Sampler, SETTINGS, 1, AS_IT_IS, chunk=10, threads=threads)
    sampler = Sampler(**SETTINGS)
    x, y = taken(stream, 23)
    assert torch.equal(x, rendered(sampler, range(23), AS_IT_IS))
    assert y == sampler.render(range(23))[1]


@pytest.mark.parametrize(
    "representation", [None, {"output_type": "mel", "n_bins": 64, "window_length": 64, "n_mels": 8}]
)
def test_batches_are_single_samples_put_together(representation: Any) -> None:
    batches = StreamingDataset(BesselModel, SETTINGS, 1, representation, batch_size=7)
    singles = StreamingDataset(BesselModel, SETTINGS, 1, representation)
    for (x, y), (x_1, y_1) in islice(zip(batches, DataLoader(singles, 7), strict=False), 4):
        assert torch.equal(x, x_1)
        assert list(y) == list(y_1)
        assert all(torch.equal(y[name], y_1[name]) for name in y)
    first = next(iter(batches))[0]
    assert torch.equal(first, rendered(BesselModel(**SETTINGS), range(7), representation))


@pytest.mark.parametrize("Sampler", [BesselModel, Click])
def test_it_is_the_dataset_of_its_seed(tmp_path: Path, Sampler: Any) -> None:
    stored = generateDataset(Sampler, SETTINGS, str(tmp_path), 12, seed=5)
    x, y = taken(StreamingDataset(Sampler, SETTINGS, 5), 12)
    assert y == [{k: v.tolist() for k, v in stored[i][1].items()} for i in range(12)]
    # The files have 24 bits; normalising stretches their steps.
    assert torch.allclose(x, stored.X, rtol=0, atol=2e-6)
    assert not torch.equal(x, stored.X)


@pytest.mark.parametrize(
    ("context", "workers"), [("fork", 2), pytest.param("spawn", 1, marks=pytest.mark.slow)]
)
@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning", "ignore:This DataLoader:UserWarning"
)
def test_workers_share_the_sequence(context: str, workers: int) -> None:
    stream = StreamingDataset(Numbered, SHORT, 1, batch_size=5, start=10)
    next(iter(stream))  # Threads have been at work here before the workers are forked.
    ending = Ending(stream, 6 // workers)
    loader = DataLoader(ending, None, num_workers=workers, multiprocessing_context=context)
    alone = list(islice(stream, 6))
    seen = list(loader)
    assert len(seen) == 6
    for k, (x, y) in enumerate(seen):
        assert torch.equal(x, alone[k][0])
        assert y["i"].ravel().tolist() == list(range(10 + 5 * k, 15 + 5 * k))
        assert y["worker"].unique().tolist() == [k % workers]


@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning", "ignore:This DataLoader:UserWarning"
)
def test_workers_share_single_samples() -> None:
    stream = StreamingDataset(BesselModel, SHORT, 1, chunk=4)
    x, _ = taken(stream, 24)
    loader = DataLoader(stream, 4, num_workers=3, multiprocessing_context="fork")
    assert torch.equal(torch.cat([x for x, _ in islice(loader, 6)]), x)
    uneven = DataLoader(stream, 6, num_workers=2, multiprocessing_context="fork")
    seen = torch.cat([x for x, _ in islice(uneven, 4)])
    # Worker 0 has the chunks 0, 2, 4, worker 1 the chunks 1, 3, 5.
    order = [*range(4), 8, 9, *range(4, 8), 12, 13, 10, 11, *range(16, 20)]
    order += [14, 15, *range(20, 24)]
    assert torch.equal(seen, x[order])


def test_the_seed_decides() -> None:
    x, y = taken(StreamingDataset(BesselModel, SHORT, 1), 70)
    assert torch.equal(x, taken(StreamingDataset(BesselModel, SHORT, np.int64(1)), 70)[0])
    assert not torch.equal(x, taken(StreamingDataset(BesselModel, SHORT, 2), 70)[0])
    drawn = StreamingDataset(BesselModel, SHORT)
    assert drawn.seed != StreamingDataset(BesselModel, SHORT).seed
    assert torch.equal(taken(drawn, 3)[0], taken(drawn, 3)[0])
    assert len({str(labels) for labels in y}) == 70


def test_it_goes_on_where_it_was_left() -> None:
    stream = StreamingDataset(BesselModel, SHORT, 1, batch_size=3)
    batches = [x for x, _ in islice(stream, 5)]
    stream.start = 9
    assert torch.equal(next(iter(stream))[0], batches[3])
    later = StreamingDataset(BesselModel, SHORT, 1, start=13)
    assert torch.equal(next(iter(later))[0], batches[4][1])
    far = StreamingDataset(BesselModel, SHORT, 1, start=2**40)
    assert next(iter(far))[0].shape == (32,)


@pytest.mark.parametrize(("Sampler", "size"), [(BesselModel, 5), (Click, 2)])
def test_each_sample_of_another_group(Sampler: Any, size: int) -> None:
    stream = StreamingDataset(Sampler, SHORT, 1, AS_IT_IS, one_per_group=True, chunk=7, start=3)
    x, y = taken(stream, 16)
    sampler = Sampler(**SHORT)
    sampler.seed(1)
    sounds, labels = sampler.render([k * size + k % size for k in range(3, 19)])
    assert np.array_equal(x.numpy(), sounds)
    assert y == labels
    body = "drum_size" if Sampler is BesselModel else "level"
    assert len({each[body][0] for each in y}) == 16
    if Sampler is BesselModel:
        middle = [each["strike_location"] == [0.0, 0.0] for each in y]
        assert middle == [k % 5 == 0 for k in range(3, 19)]


def test_batches_of_ones_own_choice() -> None:
    stream = StreamingDataset(BesselModel, SHORT, 1, batch_size=4, start=100)

    def finish(x: torch.Tensor, labels: Any) -> tuple[torch.Tensor, list[float], str]:
        return x, [y["drum_size"][0] for y in labels], threading.current_thread().name

    plain = StreamingDataset(BesselModel, SHORT, 1, batch_size=20)
    x, y = next(iter(plain))
    made = list(stream.chunks(iter([16, 0, 7]), finish))
    for (x_3, sizes, thread), first in zip(made, [16, 0, 7], strict=True):
        assert torch.equal(x_3, x[first : first + 4])
        assert sizes == y["drum_size"][first : first + 4, 0].tolist()
        assert thread != threading.current_thread().name
    assert list(stream.chunks([], finish)) == []


def test_what_goes_wrong_in_finishing_comes_out() -> None:
    def finish(x: torch.Tensor, labels: Any) -> None:
        raise KeyError("no such label")

    made = StreamingDataset(BesselModel, SHORT, 1).chunks(count(), finish)
    with pytest.raises(KeyError, match="no such label"):
        next(made)


def test_iterators_do_not_disturb_each_other() -> None:
    stream = StreamingDataset(BesselModel, SHORT, 1, chunk=2)
    one, other = iter(stream), iter(stream)
    assert all(torch.equal(next(one)[0], next(other)[0]) for _ in range(7))


@pytest.mark.parametrize("Sampler", [BesselModel, Click])
def test_pickling(Sampler: Any) -> None:
    stream = StreamingDataset(Sampler, SHORT, start=4, batch_size=6)
    data = pickle.dumps(stream)
    assert len(data) < 2000
    assert torch.equal(next(iter(pickle.loads(data)))[0], next(iter(stream))[0])


def test_what_it_says_of_itself() -> None:
    stream = StreamingDataset(BesselModel, SHORT, 1)
    assert (stream.seed, stream.start, stream.batch_size, stream.threads) == (1, 0, None, None)
    assert stream.sampler["name"] == "BesselModel"
    assert stream.sampler_settings == SHORT
    assert stream.representation_settings["normalise_input"]
    assert stream.chunk == 65  # whole drums of five strikes each
    long = StreamingDataset(BesselModel, {"duration": 10.0, "sample_rate": 48000})
    assert long.chunk == 5
    with pytest.raises(TypeError, match="len"):
        len(stream)  # type: ignore[arg-type]


def test_ragged_labels_are_filled_up() -> None:
    settings = SHORT | {"ragged": "vertices"}
    _, y = next(iter(StreamingDataset(Numbered, settings, 1, batch_size=3)))
    expected = [[0, np.nan], [1, 1], [2, np.nan]]
    assert np.array_equal(y["vertices"].numpy(), expected, equal_nan=True)
    _, singles = taken(StreamingDataset(Numbered, settings, 1), 2)
    assert [labels["vertices"] for labels in singles] == [[0], [1, 1]]
    different = StreamingDataset(Numbered, SHORT | {"ragged": "more"}, 1, batch_size=3)
    with pytest.raises(ValueError, match=r"'another'"):
        next(iter(different))


@pytest.mark.parametrize(
    ("how", "message"), [("nan", "sample 2 at position 5"), ("length", r"\(32,\).* sample 2")]
)
def test_a_broken_sound_is_named_where_it_comes(how: str, message: str) -> None:
    stream = StreamingDataset(Broken, SHORT | {"how": how}, 1, batch_size=2)
    with pytest.raises(ValueError, match=message):
        list(islice(stream, 2))


def test_leaving_it_ends_its_threads(new_threads: Threads) -> None:
    stream = iter(StreamingDataset(BesselModel, SHORT, 1))
    next(stream)
    assert new_threads()
    stream.close()  # type: ignore[attr-defined]
    wait_until(lambda: not new_threads())


@pytest.mark.parametrize("Sampler", [Interrupting, InterruptingCore])
def test_interrupted_it_goes_no_further(Sampler: Any, new_threads: Threads) -> None:
    Sampler.calls = count(1)
    settings = SHORT | ({"arbitrary_shape": "ConvexPolygon"} if Sampler is InterruptingCore else {})
    # Some minutes' work.
    stream = StreamingDataset(Sampler, settings, 1, one_per_group=True, chunk=200_000)
    with pytest.raises(KeyboardInterrupt):
        next(iter(stream))
    wait_until(lambda: not new_threads())


def test_a_sound_without_end_is_not_waited_for(new_threads: Threads) -> None:
    Endless.go_on.clear()
    with pytest.raises(KeyboardInterrupt):
        next(iter(StreamingDataset(Endless, SHORT, 1)))
    assert new_threads()
    Endless.go_on.set()
    wait_until(lambda: not new_threads())


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"Sampler": dict}, TypeError, "subclass of AudioSampler"),
        ({"sampler_settings": None}, TypeError, "sampler_settings must be a dictionary"),
        ({"sampler_settings": {"duration": 1.0}}, TypeError, "sample_rate"),
        ({"sampler_settings": SHORT | {"drum_size": -1}}, ValueError, "drum_size"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size"),
        ({"chunk": 0}, ValueError, "chunk"),
        ({"chunk": 5, "batch_size": 5}, ValueError, "chunk or batch_size"),
        ({"start": -1}, ValueError, "start must be at least 0"),
        ({"start": 0.5}, TypeError, "start"),
        ({"threads": 0}, ValueError, "threads"),
        ({"threads": True}, TypeError, "threads"),
        ({"representation_settings": {"output_type": "no"}}, ValueError, "output_type"),
        ({"representation_settings": {"output_type": "fft"}}, ValueError, "32"),
    ],
)
def test_what_it_refuses(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"Sampler": BesselModel, "sampler_settings": SHORT, "seed": 1}
    with pytest.raises(error, match=message):
        StreamingDataset(**arguments | changed)
    if "start" in changed:
        stream = StreamingDataset(**arguments)
        stream.start = changed["start"]
        with pytest.raises(error, match=message):
            next(iter(stream))
