"""The command train."""

from pathlib import Path
from typing import Any, Final

import click

from .command import Command, OneOf, answer
from .settings import SET

ROUTINES: Final = (
    "SizeOfCircularDrum",
    "DimOfRectangularDrum",
    "SizeOfPolygonalDrum",
    "ShapeOfDrum",
    "AnyDrum",
)
_SHORT: Final = dict(zip(("circle", "rectangle", "polygon", "shape", "any"), ROUTINES, strict=True))


class _Learnt(OneOf):
    """A routine, or the directory of a dataset."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the name of the routine, or the path."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            if not Path(value).is_dir():
                raise
            return Path(value)


@click.command(cls=Command, example="train circle --epochs 30 --set dropout=0.2")
@click.argument(
    "routine",
    metavar="[ROUTINE|DIRECTORY]",
    type=_Learnt(ROUTINES, _SHORT, "the directory of a dataset"),
    default="SizeOfCircularDrum",
)
@click.option(
    "--label",
    "labels",
    metavar="NAME",
    multiple=True,
    help="Of a dataset of your own, what is learnt; several times.  [default: drum_size]",
)
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False), help="A yaml file of parameters."
)
@click.option("--wandb", is_flag=True, help="Log the run to wandb.")
@click.option("--exports-dir", default="model", show_default=True, help="Where runs are saved.")
@click.option(
    "--dataset-dir",
    default="",
    help="Of the drums; made where there are none.  [default: in data/, the published ones if they "
    "are installed there]",
)
@click.option("--stream", is_flag=True, help="Synthesise the training set on the fly.")
@click.option(
    "--resume",
    type=click.Path(exists=True),
    help="A checkpoint, or the directory of a run, to go on from, with the same other options.",
)
@SET
@click.option("--epochs", type=int, help="As --set num_of_epochs=...")
@click.option("--batch-size", type=int, help="As --set batch_size=...")
@click.option("--learning-rate", type=float, help="As --set learning_rate=...")
@click.option("--seed", type=int, help="As --set seed=...")
@click.option("--device", help="cpu, cuda, cuda:1, mps, ...  [default: the best there is]")
@click.option("--compare", is_flag=True, help="Report a classical estimator beside the model.")
def train(
    routine: str | Path,
    labels: tuple[str, ...],
    compare: bool,
    changes: tuple[tuple[str, Any], ...],
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    seed: int | None,
    exports_dir: str,
    device: str | None,
    **options: Any,
) -> None:
    """Train a network, and report its errors on unseen drums.

    ROUTINE is SizeOfCircularDrum (circle, the default), DimOfRectangularDrum (rectangle),
    SizeOfPolygonalDrum (polygon), ShapeOfDrum (shape) or AnyDrum (any). Or give the DIRECTORY of a
    dataset of your own, of which the network learns each --label. --set changes any parameter of
    docs/training.md. Under torchrun, all processes train one model.
    """
    short = {
        "num_of_epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    changed = {key: value for key, value in short.items() if value is not None} | dict(changes)
    where = {"exports_dir": exports_dir, "device": device}
    run = _routine if isinstance(routine, str) else _own
    result = run(routine, labels, changed, where, **options)
    report = result.report if not compare or result.report is None else result.compare()
    lines = [] if report is None else [str(report)]
    lines += [f"best model: {result.best}"] if result.leader else []
    if lines:
        record = {"report": report and report.to_dict(), "best": result.best}
        answer("\n".join(lines), record)


def _routine(
    routine: Any,
    labels: tuple[str, ...],
    overrides: dict[str, Any],
    where: dict[str, Any],
    config: str | None,
    wandb: bool,
    resume: str | None,
    **options: Any,
) -> Any:
    """Return the result of a routine."""
    if labels:
        raise click.UsageError(f"--label goes with the directory of a dataset, not with {routine}")
    from .. import routines

    wandb_config = {"project": f"kac_prediction ({routine})"} if wandb else None
    options |= where | {"resume": resume or "", "overrides": overrides}
    return getattr(routines, routine)(config or "", wandb_config, **options)


def _own(
    directory: Any,
    labels: tuple[str, ...],
    parameters: dict[str, Any],
    where: dict[str, Any],
    resume: str | None,
    **options: Any,
) -> Any:
    """Return the result of a training on a dataset of one's own."""
    for name, value in options.items():
        if value:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} goes with a ROUTINE, not with a dataset of your own")
    from ..routines import train

    where |= {"resume": resume or "", "parameters": parameters}
    return train(directory, labels or ("drum_size",), **where)
