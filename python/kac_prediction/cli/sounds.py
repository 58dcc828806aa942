"""The command synthesise: one drum, struck once, as a sound file."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import click

from .command import Command, answer
from .settings import Numbers, drum_options, struck

PLAYERS: Final = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error"),
    ("play", "-q"),
)
"""Programs that play a wav, with their options."""

_POINT = Numbers("POINT", "0.3,0.5")


@click.command(cls=Command, example="synthesise circle --size 0.3 --out drum.wav --play")
@drum_options
@click.option("--strike", type=_POINT, help="Where: r,theta of a circle, else x,y.")
@click.option("--seed", type=click.IntRange(0), help="Of what is drawn.  [default: a fresh one]")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: DRUM.wav]")
@click.option("--bit-depth", type=click.Choice(["16", "24", "32"]), default="24", show_default=True)
@click.option("--play", is_flag=True, help="Play it, too, by a player (see doctor).")
def synthesise(
    drum: str,
    strike: list[float] | None,
    seed: int | None,
    out: Path | None,
    bit_depth: str,
    play: bool,
    **options: Any,
) -> None:
    """Strike a DRUM and write its sound.

    DRUM is a shape (circle, rectangle, triangle, ellipse, polygon, star, or one of
    kac_prediction.geometry), or a sampler of kac_prediction.samplers, such as FDTDModel. What is
    not given is drawn.
    """
    path = out or Path(f"{drum}.wav")
    if path.suffix.lower() != ".wav":
        raise click.UsageError(f"--out {path}: sounds are written as wav; name it {path.stem}.wav")
    player = _player() if play else None
    if strike is not None:
        options["changes"] = (("strike_location", strike), *options["changes"])
    sampler, seed = struck(seed, drum=drum, **options)
    sampler.generateWaveform()
    sampler.export(path, int(bit_depth))  # type: ignore[arg-type]
    labels, name = sampler.getLabels(), type(sampler).__name__
    size = "".join(f", drum_size {value:.4g} m" for value in labels.get("drum_size", ()))
    answer(
        f"{path}: {name}{size}, {sampler.duration:g} s at {sampler.sample_rate} Hz, seed {seed}",
        {
            "sound": path,
            "sampler": name,
            "settings": sampler.settings,
            "seed": seed,
            "labels": labels,
        },
    )
    if player:
        subprocess.run([*player, str(path)], check=False)


def _player() -> tuple[str, ...]:
    """Return the first player that is here."""
    for program, *options in PLAYERS:
        if found := shutil.which(program):
            return found, *options
    names = ", ".join(player[0] for player in PLAYERS)
    raise click.ClickException(
        f"--play needs a player, one of {names}: install one, or leave it out"
    )
