"""The commands orchestrate and arrange: from a sound to a score of drums, and to another one."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .._files import reporting
from .command import Command, OneOf, answer
from .settings import RANGE, Numbers

if TYPE_CHECKING:
    from ..orchestration import Comparison, Family, Kit, Score

FAMILIES: Final = ("circle", "ellipse", "rectangle", "triangle", "polygon", "star")
"""What may sound in an orchestration, each a family of drums."""

_FILES: Final = ("score.json", "score.csv", "score.mid", "heard.wav", "page.html")
_GRID: Final = Numbers("SECONDS|BPM,PLACES", "0.125, or 120,4 for places of a quarter at 120")
_FOUND: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_KIT: Final = click.option("--kit", type=_FOUND, help="JSON of the drums that there are.")


def _written(command: Any) -> Any:
    """Add the options that say what is written, and where."""
    for option in reversed(
        (
            click.option(
                "--out",
                type=click.Path(file_okay=False, path_type=Path),
                required=True,
                help="A folder for " + ", ".join(_FILES) + ".",
            ),
            click.option(
                "--tracks", is_flag=True, help="Give each drum a MIDI track; more than 47 have one."
            ),
            click.option("--no-page", is_flag=True, help="Write no page.html, which takes time."),
        )
    ):
        command = option(command)
    return command


@click.command(cls=Command, example="orchestrate target.wav --out orchestrated --drums 4")
@click.argument("target", type=click.Path(path_type=Path))
@_written
@click.option("--drums", type=click.IntRange(1), default=6, show_default=True, help="At most.")
@_KIT
@click.option("--family", type=OneOf(FAMILIES), help="Of all drums.  [default: any]")
@click.option("--size", type=RANGE, help="Of the drums of a --family, metres.")
@click.option("--aspect-ratio", type=RANGE, help="Of the drums of a --family.")
@click.option(
    "--wave-speed",
    type=click.FloatRange(0, min_open=True),
    default=100.0,
    show_default=True,
    help="Of the membranes, m/s.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def orchestrate(
    target: Path,
    out: Path,
    drums: int,
    kit: Path | None,
    wave_speed: float,
    seed: int,
    no_page: bool,
    tracks: bool,
    **family: Any,
) -> None:
    """Find drums, and strikes on them, for a sound.

    The sound is that of the file TARGET, to which they come near. The score is written as JSON, as
    a table, as MIDI and as a sound, and shown on a page beside the target. Files of an earlier
    score in the folder are replaced; nothing else ever is.
    """
    instruments = _instruments(kit, **family)
    from .. import orchestration
    from ..listening.sound_file import read_mono

    _, rate = read_mono(target, 1)
    with _filling(out, [target, *([kit] if kit else [])]) as folder:
        score = orchestration.orchestrate(
            target, instruments=instruments, max_drums=drums, wave_speed=wave_speed, seed=seed
        )
        _write(score, folder, rate, tracks)
        distances: Comparison | float
        if no_page:
            distances = score.distance(target)
        else:
            distances = orchestration.compare(score, target, instruments=instruments, seed=seed)
            _write_page(score, folder, target, distances)
    _tell(score, out, distances)


@click.command(cls=Command, example="arrange orchestrated/score.json --out lower --transpose -12")
@click.argument("score", type=_FOUND)
@_written
@click.option("--transpose", type=float, default=0.0, help="Semitones up, by other sizes.")
@_KIT
@click.option("--stretch", type=float, default=1.0, help="Factor of all times.")
@click.option("--quantise", "grid", type=_GRID, help="To places of a grid: 0.125, or 120,4.")
@click.option("--most-drums", type=click.IntRange(1), help="Keep those that carry most.")
@click.option("--least-level", type=float, help="Of the faintest strike that is kept.")
@click.option("--sample-rate", type=int, default=48000, show_default=True, help="Hz.")
def arrange(
    score: Path,
    out: Path,
    kit: Path | None,
    grid: Sequence[float] | None,
    sample_rate: int,
    no_page: bool,
    tracks: bool,
    **changes: Any,
) -> None:
    """Change a SCORE, the score.json of an orchestration.

    Faint strikes are left out, then drums; the rest is transposed, given to the kit, stretched and
    quantised. It is written as orchestrate does.
    """
    from .. import orchestration

    made = orchestration.Score.read(score)
    drums = orchestration.Kit.read(kit) if kit else None
    made = orchestration.arrange(made, kit=drums, grid=_grid(grid), **changes)
    with _filling(out, [score, *([kit] if kit else [])]) as folder:
        _write(made, folder, sample_rate, tracks)
        if not no_page:
            _write_page(made, folder)
    _tell(made, out)


def _grid(given: Sequence[float] | None) -> float | tuple[float, float] | None:
    """Return a grid as `arrange` takes it."""
    return None if given is None else given[0] if len(given) == 1 else (given[0], given[1])


def _instruments(
    kit: Path | None,
    family: str | None,
    size: Sequence[float] | None,
    aspect_ratio: Sequence[float] | None,
) -> "str | Family | Kit":
    """Return what may sound; refuse what does not go together."""
    if kit and family:
        raise click.UsageError("--kit and --family: give one")
    ranges = {"drum_size": size, "aspect_ratio": aspect_ratio}
    given = {name: (low[0], low[-1]) for name, low in ranges.items() if low}
    if given and not family:
        raise click.UsageError("--size and --aspect-ratio go with --family")
    from ..orchestration import Family, Kit

    if kit:
        return Kit.read(kit)
    return Family(family, **given) if family else "free"


@contextmanager
def _filling(out: Path, sources: Sequence[Path]) -> Iterator[Path]:
    """Yield a folder to write in; if the block ends well, what is written there goes to another.

    Else nothing has changed. Refuse, before, one that holds files of others, or what is read.
    """
    from ..dataset.storage.layout import METADATA

    there = [name for name in _FILES if (out / name).exists()]
    if (out / METADATA).exists():
        raise ValueError(f"{out} is a dataset, where nothing else may be: name another folder")
    for source in sources:
        if any((out / name).samefile(source) for name in there):
            raise ValueError(f"{source} would be replaced: name another folder with --out")
    if there and not _is_score(out / _FILES[0]):
        raise ValueError(f"{out} holds a {there[0]} of something else: name another folder")
    folders = [each for each in (out, *out.parents) if not each.exists()]
    try:
        with reporting("writing a score", out):
            out.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix=".score-", dir=out)
        with folder as staged:
            yield Path(staged)
            made = {each.name for each in Path(staged).iterdir()}
            try:
                _move(Path(staged), out, made)
            except KeyboardInterrupt:  # else files of two scores would lie there
                _move(Path(staged), out, made)
                raise
    except BaseException:
        with suppress(OSError):  # it holds something
            for each in folders:
                each.rmdir()
        raise


def _move(staged: Path, out: Path, made: Collection[str]) -> None:
    """Move the files that are made, as far as they are not moved yet; remove an earlier page."""
    for name in _FILES:
        if name not in made:  # a page of an earlier score
            (out / name).unlink(missing_ok=True)
        elif (staged / name).exists():
            (staged / name).replace(out / name)


def _is_score(path: Path) -> bool:
    """Return whether a file is the JSON of a score."""
    from ..orchestration import Score

    try:
        Score.read(path)
    except (OSError, ValueError):
        return False
    return True


def _write(score: "Score", folder: Path, sample_rate: int, tracks: bool) -> None:
    """Write a score, but for its page."""
    from ..orchestration.midi import PERCUSSION

    document, table, midi, heard, _ = (folder / name for name in _FILES)
    score.write(document)
    with reporting("writing a table", table):
        table.write_text(score.to_csv(), encoding="utf-8", newline="")
    score.to_midi(midi, tracks or len(score.drums) > len(PERCUSSION))
    score.export(heard, sample_rate)


def _write_page(
    score: "Score",
    folder: Path,
    target: Path | None = None,
    comparison: "Comparison | None" = None,
) -> None:
    """Write the page."""
    from .score_page import write_score_page

    *_, heard, page = (folder / name for name in _FILES)
    write_score_page(page, score, heard, target, comparison)


def _tell(score: "Score", out: Path, distances: "Comparison | float | None" = None) -> None:
    """Say what was written."""
    record = {"out": out, "drums": len(score.drums), "strikes": len(score)}
    record |= {"duration": score.duration, "drum_sizes": [drum.drum_size for drum in score.drums]}
    text = f"{out}: {score}"
    if isinstance(distances, float):
        text, record["distance"] = f"{text}; distance {distances:.4g}", {"score": distances}
    elif distances is not None:
        text, record["distance"] = f"{text}; {distances}", vars(distances)
    answer(text, record)
