"""What an epoch of CRePE costs: beside its arithmetic, a bare loop and a float64 DataLoader loop.

`--cuda` trains on the GPU instead, with batches of 512 and the step recorded.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from kac_prediction.architecture import CRePE
from kac_prediction.dataset import TorchDataset
from kac_prediction.pipeline import Routine

LEARNT, SCORED = 3500, 750
REPEATS = 3


def drums(device: torch.device) -> TorchDataset:
    """Noise in the shape of 5000 drums: the time does not depend on what is heard."""
    draws = torch.Generator().manual_seed(0)
    count = LEARNT + 2 * SCORED
    sizes = torch.rand(count, 1, generator=draws, dtype=torch.float64)
    return TorchDataset(
        dataset_dir="/nowhere",
        representation_settings={"output_type": "end2end", "normalise_input": False},
        sampler={"name": "Noise", "version": ""},
        sampler_settings={"duration": 1024 / 48000, "sample_rate": 48000},
        X=torch.rand(count, 1024, generator=draws, dtype=torch.float64) * 2 - 1,
        Y=list(sizes),  # type: ignore[arg-type]
        seed=0,
    )


def crepe(device: torch.device, dtype: torch.dtype = torch.float32) -> CRePE:
    model = CRePE("tiny", 0.1, 1e-3, "adam", 1).to(device, dtype)
    return model.train()


@contextmanager
def routine(device: torch.device, precision: str, batch_size: int) -> Iterator[Callable[[], float]]:
    """The second epoch of a Routine: training, validation, checkpoints, log."""
    with tempfile.TemporaryDirectory() as folder:
        made = Routine(folder, device=device)
        made.setParameters(
            CRePE.ModelHyperParameters(
                batch_size=batch_size,
                dataset_split=(0.7, 0.15, 0.15),
                depth="tiny",
                dropout=0.1,
                learning_rate=1e-3,
                num_of_epochs=2,
                optimiser="adam",
                precision=precision,  # type: ignore[typeddict-item]
                seed=0,
                testing=True,
                with_early_stopping=False,
            )
        )
        made.D = drums(device)
        made.M = CRePE(**made.P, outputs=1)

        validated: list[float] = []

        def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
            if i == 0:
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                validated.append(time.perf_counter())
            made.M.testing_loss["aggregate"] += made.M.criterion(made.M(x), y) / loop_length

        def second_epoch() -> float:
            made.train(innerTestingLoop)
            return validated[-1] - validated[-2]

        yield second_epoch


def bare(device: torch.device, batch_size: int) -> Callable[[], float]:
    """What one would write by hand for the same: data on the device, no log, nothing saved."""
    model, data = crepe(device), drums(device)
    X = torch.as_tensor(data.X).to(device, torch.float32)
    Y = torch.stack(list(data.Y)).to(device, torch.float32)  # type: ignore[arg-type]
    learnt, scored = torch.arange(LEARNT), torch.arange(LEARNT, LEARNT + SCORED)

    def epoch() -> None:
        model.train()
        total = torch.zeros((), device=device)
        for part in learnt[torch.randperm(LEARNT)].to(device).split(batch_size):
            model.optimiser.zero_grad()
            loss = model.criterion(model(X[part]), Y[part])
            loss.backward()
            model.optimiser.step()
            total += loss.detach()
        model.eval()
        with torch.no_grad():
            for part in scored.to(device).split(batch_size):
                total += model.criterion(model(X[part]), Y[part])
        total.item()

    return lambda: timed(epoch, device)


def double(device: torch.device, batch_size: int, batches: int) -> Callable[[], float]:
    """The same network in float64 behind a DataLoader, a number read back for every batch."""
    model, data = crepe(device, torch.float64), drums(device)
    Y = torch.stack(list(data.Y))  # type: ignore[arg-type]
    loader = DataLoader(TensorDataset(torch.as_tensor(data.X), Y), batch_size, shuffle=True)

    def some() -> None:
        for i, (x, y) in enumerate(loader):
            if i == batches:
                break
            model.optimiser.zero_grad()
            loss = model.criterion(model(x.to(device)), y.to(device))
            loss.backward()
            model.optimiser.step()
            loss.item()

    whole = -(-LEARNT // batch_size)
    return lambda: timed(some, device) * whole / batches


def timed(work: Callable[[], Any], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def arithmetic(device: torch.device, batch_size: int) -> float:
    """Floating-point operations of learning from the 3500, forwards and backwards."""
    model = crepe(device)
    with FlopCounterMode(display=False) as counter:
        model.criterion(
            model(torch.zeros(batch_size, 1024, device=device)),
            torch.zeros(batch_size, 1, device=device),
        ).backward()
    return counter.get_total_flops() * LEARNT / batch_size


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large convolution or product of matrices, whichever does more."""
    n = 8192 if device.type == "cuda" else 2048
    a, b = (torch.rand(n, n, device=device).to(dtype) for _ in range(2))
    sounds = torch.rand(64, 64, 1, n // 4, device=device).to(dtype)
    sounds = sounds.contiguous(memory_format=torch.channels_last)
    kernels = torch.rand(128, 64, 1, 64, device=device).to(dtype)
    rates = []
    for work, count in (
        (lambda: a @ b, 2 * n**3),
        (lambda: torch.nn.functional.conv2d(sounds, kernels), None),
    ):
        best = min(timed(work, device) for _ in range(6))
        rates.append((count or 2 * work().numel() * kernels[0].numel()) / best)
    return max(rates)


def launching(device: torch.device, batch_size: int) -> float:
    """Seconds an epoch that its kernels would take, recorded, if none of them did anything."""
    model = crepe(device)
    x, y = (
        torch.zeros(batch_size, 1024, device=device),
        torch.zeros(batch_size, 1, device=device),
    )
    model.innerTrainingLoop(0, 1, x, y)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        model.innerTrainingLoop(0, 1, x, y)
        torch.cuda.synchronize(device)
    # Of the step as it is without compiling, which is more kernels than there are in the end.
    kernels = sum(
        event.count
        for event in profile.key_averages()
        if event.device_type == torch.autograd.DeviceType.CUDA
    )
    nothing, graph = torch.zeros(1, device=device), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(kernels):
            nothing.add_(1)  # a kernel; zeros would be a node of another kind
    graph.replay()
    steps = -(-LEARNT // batch_size)
    return min(timed(graph.replay, device) for _ in range(20)) * steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuda", action="store_true", help="train on the GPU")
    on_cuda = parser.parse_args().cuda
    device = torch.device("cuda" if on_cuda else "cpu")
    batch_size = 512 if on_cuda else 64
    flops = arithmetic(device, batch_size)
    print(
        f"\nCRePE tiny on {device}, batches of {batch_size}: an epoch of {LEARNT} samples, and"
        f" {SCORED} scored (medians of {REPEATS} interleaved runs)"
    )
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    for name, dtype in kinds.items():
        print(f"floor of {flops / 1e12:.3f} Tflop in {name}: {flops / peak(device, dtype):.3f} s")
    if on_cuda:
        print(f"floor of launching its kernels, recorded: {launching(device, batch_size):.4f} s")
    with (
        routine(device, "float32", batch_size) as whole,
        routine(device, "bfloat16", batch_size) as half,
    ):
        steps = {
            "bare loop, float32": bare(device, batch_size),
            "Routine, float32": whole,
            "Routine, bfloat16": half,
            "DataLoader loop, float64": double(device, batch_size, batches=7 if on_cuda else 4),
        }
        for step in steps.values():
            step()
        times = {name: [] for name in steps}  # type: dict[str, list[float]]
        for _ in range(REPEATS):
            for name, step in steps.items():
                times[name].append(step())
    median = {name: statistics.median(found) for name, found in times.items()}
    print(f"{'an epoch of':<28}{'s':>9}{'samples/s':>12}{'to bare':>9}{'to float64':>12}")
    for name, value in median.items():
        print(
            f"{name:<28}{value:>9.3f}{LEARNT / value:>12.0f}"
            f"{value / median['bare loop, float32']:>9.3f}"
            f"{median['DataLoader loop, float64'] / value:>12.1f}"
        )


if __name__ == "__main__":
    main()
