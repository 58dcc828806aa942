"""The command export-model."""

from pathlib import Path

import click

from .command import Command, answer


@click.command("export-model", cls=Command, example="export-model any-drum any-drum.onnx")
@click.argument("model")
@click.argument("file", metavar="FILE.onnx", type=click.Path(dir_okay=False, path_type=Path))
def export_model(model: str, file: Path) -> None:
    """Write a MODEL as ONNX, for other programs.

    MODEL is a checkpoint, the directory of a run, or any-drum. Its card is written beside it. The
    file holds the whole way from
    the sound to numbers in their units, and is compared with torch before it is put in place.
    """
    from ..exporting import export_model as export

    export(model, file)
    card = file.with_suffix(".md")
    shown = click.format_filename(file), click.format_filename(card)
    answer(f"exported: {' and '.join(shown)}", {"file": str(file), "card": str(card)})
