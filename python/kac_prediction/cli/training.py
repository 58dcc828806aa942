"""The command train."""

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


@click.command(cls=Command, example="train circle --epochs 30 --set dropout=0.2")
@click.argument("routine", type=OneOf(ROUTINES, _SHORT), default="SizeOfCircularDrum")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False), help="A yaml file of parameters."
)
@click.option("--wandb", "use_wandb", is_flag=True, help="Log the run to wandb.")
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
    routine: str,
    config: str | None,
    use_wandb: bool,
    resume: str | None,
    compare: bool,
    changes: tuple[tuple[str, Any], ...],
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    seed: int | None,
    **options: Any,
) -> None:
    """Train a network, and report its errors on unseen drums.

    ROUTINE is SizeOfCircularDrum (circle, the default), DimOfRectangularDrum (rectangle),
    SizeOfPolygonalDrum (polygon), ShapeOfDrum (shape) or AnyDrum (any). --set changes any parameter
    of docs/training.md. Under torchrun, all processes train one model.
    """
    from .. import routines

    wandb_config = {"project": f"kac_prediction ({routine})"} if use_wandb else None
    run = getattr(routines, routine)
    short = {
        "num_of_epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    overrides = {key: value for key, value in short.items() if value is not None} | dict(changes)
    options |= {"resume": resume or "", "overrides": overrides}
    result = run(config or "", wandb_config, **options)
    report = result.report if not compare or result.report is None else result.compare()
    lines = [] if report is None else [str(report)]
    lines += [f"best model: {result.best}"] if result.leader else []
    if lines:
        record = {"report": report and report.to_dict(), "best": result.best}
        answer("\n".join(lines), record)
