"""The commands listen and deploy: which drum is heard in sounds, told, played and drawn."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from .._files import reporting
from .command import Command, answer, complain, message_of

if TYPE_CHECKING:
    from ..dataset import AudioSampler
    from ..pipeline import Model

_HEARD = (".heard.wav", ".heard.png")  # how the files end that these commands write
_SOUNDS = (".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".ogg", ".opus", ".rf64", ".wav")
_NUMBERS: Final = ("drum_size", "aspect_ratio", "decay_time", "wave_speed")
_ABOVE_0 = click.FloatRange(0, min_open=True)
_PATH = click.Path(path_type=Path)


class _Heard(NamedTuple):
    """What is heard in a file."""

    text: str
    record: dict[str, Any]
    drum: "Callable[[], AudioSampler] | None" = None
    picture: Callable[[], Any] | None = None  # a figure


def _options(command: Any) -> Any:
    """Add the options of listening."""
    options = (
        click.option("--sha256", help="Of the checkpoint.  [default: not compared]"),
        click.option(
            "--label", "labels", multiple=True, help="Of each output of a legacy model, in order."
        ),
        click.option(
            "--wave-speed",
            type=_ABOVE_0,
            help="Of the membrane, m/s; a sound tells the size over it alone.  [default: 100]",
        ),
        click.option("--size", type=_ABOVE_0, help="Of the drum, m; the wave speed is told then."),
        click.option("--no-refine", is_flag=True, help="Report what the network alone hears."),
        click.option("--no-sound", is_flag=True, help="Do not write the drums that were heard."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="Where to write the drums that were heard.  [default: beside each file]",
        ),
        click.option("--plot", is_flag=True, help="Draw each drum as FILE.heard.png, too."),
        click.option(
            "--csv",
            "table",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write a table of all answers there, too.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=Command, example="listen my_drum.wav recordings/ --plot --csv drums.csv")
@click.argument("places", metavar="FILE|DIR...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--model",
    default="any-drum",
    show_default=True,
    help="any-drum, a checkpoint, the directory of one, or its https address.",
)
@_options
def listen(places: tuple[Path, ...], model: str, **options: Any) -> None:
    """Say which drum is heard in sound files and folders.

    Each number has an interval that holds it in 90 %. Beside each file, the sound of the drum that
    was heard is written as FILE.heard.wav; such files are not listened to. A file in which nothing
    can be heard is reported, and the others are still done; so is a place that cannot be written
    to, after the answer.
    """
    _hear_all(places, model, **options)


@click.command(cls=Command, example="deploy model/RUN/best.pt my_drum.wav")
@click.argument("model")
@click.argument("places", metavar="FILE|DIR...", nargs=-1, required=True, type=_PATH)
@_options
def deploy(model: str, places: tuple[Path, ...], **options: Any) -> None:
    """Say which drum the MODEL hears in each sound FILE, as listen does.

    MODEL is any-drum, which comes with the package, or a checkpoint, the directory of one, or its
    https address.
    """
    _hear_all(places, model, **options)


def _hear_all(
    places: Sequence[Path],
    model: str,
    sha256: str | None,
    labels: tuple[str, ...],
    out: Path | None,
    plot: bool,
    no_sound: bool,
    table: Path | None,
    **hearing: Any,
) -> None:
    """Hear each sound; end with status 1 where not all went well."""
    if hearing["wave_speed"] and hearing["size"]:
        raise click.UsageError("--wave-speed and --size: give one, the sound tells the other")
    files = sound_files(places)
    if len(files) == 1 and not files[0].exists():  # told before a network is loaded
        raise FileNotFoundError(f"there is no sound file {str(files[0])!r}")
    from .._progress import progress_bar
    from ..pipeline import loadModel

    if not out and (plot or not no_sound):
        _refuse_datasets(places, files)
    network = loadModel(model, sha256=sha256, labels=labels or None)
    known = network.model_input.labels if network.model_input else ()
    any_drum = "outline" in known
    if not any_drum and (plot or any(hearing.values())):
        raise ValueError(
            "--wave-speed, --size, --no-refine and --plot go with a model of any drum, such as "
            "any-drum"
        )
    hear = partial(_hear_any_drum, network, **hearing) if any_drum else partial(_hear, network)
    failures, written = 0, dict[Path, Path]()
    with _table(table, any_drum, known) as write_row:
        for file in progress_bar(files, hidden=len(files) == 1, unit=" files"):
            if file.name.endswith(_HEARD):
                text = f"{file}: left out, a drum that was heard"
                answer(text, {"file": file, "left_out": True})
                continue
            heard = (out or file.parent) / f"{file.name}{_HEARD[0]}"
            other = written.setdefault(heard, file)
            record, whole = _answered(file, other, partial(_write, heard, not no_sound, plot), hear)
            write_row(record)
            failures += not whole
    if failures:
        raise click.exceptions.Exit(1)


def _answered(
    file: Path,
    other: Path,
    write: Callable[[_Heard], tuple[str, dict[str, Any], bool]],
    hear: Callable[[Path], _Heard],
) -> tuple[dict[str, Any], bool]:
    """Hear one sound, write its drum, unless that of another is there, and say what is heard.

    Return the record of it, and whether all went well.
    """
    try:
        if other != file:
            raise ValueError(f"a file called {file.name}, {other}, was heard already: rename one")
        text, record, whole = write(hear(file))
    except Exception as error:  # whatever is wrong with one file, the others are still done
        reason = message_of(error)
        complain(reason if str(file) in reason else f"{file}: {reason}")
        return {"file": file, "error": reason}, False
    record = {"file": file, **record}
    answer(f"{file}: {text}", record)
    return record, whole


def _refuse_datasets(places: Sequence[Path], files: Sequence[Path]) -> None:
    """Refuse to write beside the sounds of a dataset, whose directory holds nothing else."""
    from ..dataset.storage.layout import METADATA

    for folder in {*places, *(file.parent for file in files)}:
        if (folder / METADATA).is_file():
            raise ValueError(
                f"{folder} is a dataset, where nothing else may be: give --out or --no-sound"
            )


def sound_files(places: Sequence[Path]) -> list[Path]:
    """Return files, and those of folders that can be sounds and are not our own; each once."""
    files = []
    for place in places:
        found = [place]
        if place.is_dir():
            found = [
                path
                for path in sorted(place.rglob("*"))
                if path.suffix.lower() in _SOUNDS
                and not path.name.startswith(".")
                and not path.name.endswith(_HEARD)
            ]
        if not found:
            raise ValueError(f"{place} holds no sound ({', '.join(_SOUNDS)}): name another")
        files += found
    return [*dict.fromkeys(files)]


@contextmanager
def _table(
    path: Path | None, any_drum: bool, labels: Sequence[str]
) -> Iterator[Callable[[dict[str, Any]], object]]:
    """Yield what writes a row of the table, in which a program may read already."""
    if path is None:
        yield lambda record: None
        return
    columns = [*labels]
    if any_drum:
        columns = ["is_drum", "score", "family", "probability"]
        columns += [f"{name}{end}" for name in _NUMBERS for end in ("", "_low", "_high")]
    with reporting("writing a table", path):
        stream = path.open("w", newline="", encoding="utf-8", errors="surrogateescape", buffering=1)
    with stream:
        writer = csv.DictWriter(stream, ["file", *columns, "sound", "error"], extrasaction="ignore")
        writer.writeheader()
        yield writer.writerow


def _hear_any_drum(
    model: "Model",
    path: Path,
    wave_speed: float | None,
    size: float | None,
    no_refine: bool,
) -> _Heard:
    """Listen to one file."""
    from ..listening import listen as hear

    prediction = hear(path, None, model, wave_speed or 100.0, not no_refine, size)
    record = json.loads(prediction.to_json())
    record["probability"] = prediction.probabilities[prediction.family]
    for name in _NUMBERS:
        record[f"{name}_low"], record[f"{name}_high"] = prediction.interval(name)
    if not prediction.is_drum:
        return _Heard(str(prediction), record)

    def draw() -> Any:
        from ..plot import drum_figure

        title = str(prediction).partition(";")[0].replace("), ", ")\n")
        return drum_figure(prediction.shape, title, prediction.interval("drum_size"))

    return _Heard(str(prediction), record, prediction.drum, draw)


def _hear(model: "Model", path: Path) -> _Heard:
    """Predict the labels of one file; say where the model of any drum hears none in it."""
    from ..listening import drum_heard, predict_file
    from ..listening import listen as hear

    prediction = predict_file(model, path)
    units = model.model_input.units if model.model_input else ()
    said = ", ".join(
        f"{label} {value if isinstance(value, str) else f'{value:.3f}'} {unit}".rstrip()
        for (label, value), unit in zip(prediction.items(), units, strict=True)
        if not isinstance(value, list)
    )
    record: dict[str, Any] = dict(prediction)
    if "drum_size" in prediction:
        any_drum = hear(path, refine=False)
        record["score"] = any_drum.score
        if not any_drum.is_drum:
            said += f"; but any-drum hears no drum in it (score {any_drum.score:.2g})"
    return _Heard(said, record, lambda: drum_heard(model, prediction))


def _write(heard: Path, sound: bool, plot: bool, found: _Heard) -> tuple[str, dict[str, Any], bool]:
    """Write the sound of a drum, and draw it.

    Return the text and the record with where the sound is, or why there is none, and whether all
    was written.
    """
    text, record, drum, picture = found
    if drum is None:
        return text, record, True
    try:
        if sound or plot:
            heard.parent.mkdir(parents=True, exist_ok=True)
        if plot and picture is not None:
            picture().savefig(heard.with_suffix(".png"))
        if not sound:
            return text, record, True
        sampler = drum()
        sampler.generateWaveform()
        sampler.export(heard)
    except OSError as error:
        reason = message_of(error)
        text = f"{text} (not written: {reason})"
        return text, record | {"error": reason}, False
    except (ValueError, TypeError) as error:
        # A model that has learnt little may answer with a size that no drum has.
        return f"{text} (it cannot be played: {error})", record | {"error": str(error)}, True
    return f"{text} (hear it: {heard})", record | {"sound": heard}, True
