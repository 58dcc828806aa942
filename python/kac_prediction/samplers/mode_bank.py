"""ModeBank: the modes of many shapes in one memory-mapped file."""

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import __version__, _core
from .._checks import check_choice, check_count, check_number, check_seed
from .._files import locked, sync_folder
from .._processes import in_processes
from .._progress import progress_bar
from ..dataset.sampler import SAMPLE, IndexedGenerator
from ..geometry.radii import RADII, log_radii
from ..physics import modes as modes_of
from .bank_shapes import SHARES, draw_points, draw_shape

Float32 = npt.NDArray[np.float32]

_FORMAT = "kac_prediction mode bank 1"
_HEADER = 4096  # bytes before the first record
_TASK = 4  # shapes that a worker makes before it hands them over


class ModeBank:
    """The lowest modes of many shapes, each of unit area, its centroid at the origin.

    `BankModel` sounds by them, in every size. Shapes are circles, ellipses (major over minor axis
    log-uniform in [1.15, 4]), rectangles (sides uniform in [1, 4]), equilateral triangles,
    `ConvexPolygon`s, and `IrregularStar`s of 5 to 10 vertices whose area is at most 0.9 of that of
    their convex hull and all of whose boundary is seen from the centroid.

    The file is a page of JSON, closed by its CRC-32, and a record of fixed size for each shape,
    begun by its CRC-32; a shape of 100 modes and 16 points takes 7.2 kB. The arrays are memory
    mapped, read only and float32 (`family`: int32); n counts shapes, p points and m modes.

    Args:
        path: a file that `ModeBank.make` has made. Reading it through takes 1 s for 150 000 shapes.

    Attributes:
        aspect_ratio: how elongated the shapes are, from 1, shape (n,): of an ellipse the ratio of
            the axes, of a rectangle of the sides, of a polygon or star that of the rectangle of the
            same principal second moments of area.
        depths: how far inside the boundary the points lie, shape (n, p).
        eigenfunctions: orthonormal as those of `physics.modes`, at `points`, shape (n, p, m).
        families: the six names that `family` counts.
        family: indices into `families`, shape (n,).
        frequencies: sqrt(lambda) / (2 pi), ascending, shape (n, m); in Hz times c / L.
        outline: logarithms of the radii from the centroid, radius k at 2 pi k / 64 radians to the x
            axis, shape (n, 64).
        perimeter: lengths of the boundaries, shape (n,).
        points: (x, y), drawn uniformly over the area, shape (n, p, 2).
        path: the file.
        settings: what it was made from: `shapes`, `modes`, `points`, `families` and their shares,
            `seed`, and the `package`'s version.

    Raises:
        FileNotFoundError: there is no such file, or it is unfinished.
        ValueError: it is no bank, or it is damaged; the message names the record.
    """

    families: ClassVar[tuple[str, ...]] = tuple(SHARES)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            unfinished = Path(f"{path}.unfinished").exists()
            raise FileNotFoundError(
                f"{path} is unfinished: call ModeBank.make with the arguments it was begun with"
                if unfinished
                else f"there is no bank of modes at {path}: make one with ModeBank.make"
            )
        with self.path.open("rb") as file:
            settings = _read_header(file.read(_HEADER))
        if settings is None:
            raise ValueError(f"{path} is not a bank of modes, or its header is damaged")
        self.settings = settings
        layout, shapes = _layout(settings), settings["shapes"]
        expected, found = _HEADER + shapes * layout.itemsize, self.path.stat().st_size
        if found != expected:
            raise ValueError(f"{path} is damaged: it has {found} bytes of {expected}; copy it anew")
        # A plain view: that of the class memmap takes microseconds to index.
        records: Any = np.asarray(np.memmap(self.path, layout, "r", _HEADER, (shapes,)))
        damaged = np.flatnonzero(records["crc"] != _checksums(records))
        if damaged.size:
            raise ValueError(
                f"{path} is damaged: record {damaged[0]} is not as it was written ({damaged.size} "
                f"of {shapes} are not); copy it anew, or delete and make it anew"
            )
        self.family: npt.NDArray[np.int32] = records["family"]
        self.aspect_ratio: Float32 = records["aspect_ratio"]
        self.perimeter: Float32 = records["perimeter"]
        self.outline: Float32 = records["outline"]
        self.points: Float32 = records["points"]
        self.depths: Float32 = records["depths"]
        self.frequencies: Float32 = records["frequencies"]
        self.eigenfunctions: Float32 = records["eigenfunctions"]

    def __len__(self) -> int:
        return len(self.family)

    def __reduce__(self) -> tuple[Any, ...]:
        return ModeBank, (self.path,)

    @classmethod
    def make(
        cls,
        path: str | Path,
        shapes: int,
        *,
        modes: int = 100,
        points: int = 16,
        families: Mapping[str, float] = SHARES,
        seed: int = 0,
        workers: int | None = None,
    ) -> "ModeBank":
        """Make a bank on several cores, go on with one that is unfinished, or open a finished one.

        A shape of 100 modes takes 50 ms of one core. Shape i is a function of `seed` and i: the
        same arguments make the same file, byte for byte, by any number of workers and however
        often interrupted. Until all is flushed to the disk it is called `path` with ".unfinished".

        Args:
            path: the file, in a folder that exists.
            shapes: how many shapes.
            modes: how many modes each, the lowest.
            points: how many points each, from 2, to strike and to hear it at.
            families: how often each is drawn, by name, relative to the others.
            seed: an integer in [0, 2^64).
            workers: processes; None: as many as this process may use cores.

        Raises:
            TypeError, ValueError: an argument is not as described; or the path holds something
                else, or a bank of other arguments.
            OSError: the file cannot be written, as on a full disk, or (BlockingIOError) another
                process is making it. What was made is kept.
        """
        settings = {
            "shapes": check_count("shapes", shapes),
            "modes": check_count("modes", modes),
            "points": check_count("points", points, 2),
            "families": _check_families(families),
            "seed": check_seed("seed", seed),
            "package": __version__,
        }
        workers = _core.available_threads() if workers is None else check_count("workers", workers)
        path = Path(path)
        if not path.exists():
            unfinished = Path(f"{path}.unfinished")
            if not path.parent.is_dir():
                raise FileNotFoundError(f"there is no folder {path.parent} to make {path} in")
            unfinished.touch()
            try:
                with locked(unfinished, wait=False):
                    _complete(unfinished, settings, workers)
                    unfinished.replace(path)
            except BlockingIOError as error:
                raise BlockingIOError(f"another process is making {path}: wait for it") from error
            except (OSError, KeyboardInterrupt) as error:
                error.add_note(
                    f"What was made is kept in {unfinished}: call ModeBank.make again, with the "
                    "same arguments, to go on; or delete that file."
                )
                raise
            sync_folder(path.parent)
        bank = cls(path)
        _check_settings(path, bank.settings | {"package": __version__}, settings)
        return bank


def _check_families(families: Mapping[str, float]) -> dict[str, float]:
    """Return the share of each family, in the order of all."""
    if not isinstance(families, Mapping):
        raise TypeError(f"families must be a dictionary, name: share, got {families!r}")
    for name, share in families.items():
        check_choice("families", name, SHARES)
        check_number(f"the share of {name}", share, least=0)
    shares = {name: float(families.get(name, 0)) for name in SHARES}
    if not sum(shares.values()) > 0:
        raise ValueError(f"families must have a share above 0, got {families!r}")
    return shares


def _check_settings(path: Path, found: Mapping[str, Any] | None, wanted: dict[str, Any]) -> None:
    """Raise ValueError unless the bank at a path has these settings; name one that differs."""
    for name, value in wanted.items():
        if found is None or found.get(name) != value:
            holds = "no bank of modes" if found is None else f"a bank of {name} {found.get(name)!r}"
            raise ValueError(
                f"{path} holds {holds}, and {name} {value!r} was asked for: choose another path, "
                "or delete that file"
            )


def _layout(settings: Mapping[str, Any]) -> np.dtype[np.void]:
    """Return the fields of a record, little-endian."""
    points, modes = settings["points"], settings["modes"]
    return np.dtype(
        [
            ("crc", "<u4"),  # of the bytes that follow
            ("family", "<i4"),
            ("aspect_ratio", "<f4"),
            ("perimeter", "<f4"),
            ("outline", "<f4", RADII),
            ("points", "<f4", (points, 2)),
            ("depths", "<f4", points),
            ("frequencies", "<f4", modes),
            ("eigenfunctions", "<f4", (points, modes)),
        ]
    )


def _header_of(settings: Mapping[str, Any]) -> bytes:
    """Return the settings as a page of JSON, closed by its checksum."""
    text = json.dumps({"format": _FORMAT, **settings}, indent=1) + "\n"
    page = text.encode().ljust(_HEADER - 4)
    return page + zlib.crc32(page).to_bytes(4, "little")


def _read_header(page: bytes) -> dict[str, Any] | None:
    """Return the settings; None where the page is not a header, or damaged."""
    if len(page) < _HEADER or zlib.crc32(page[:-4]).to_bytes(4, "little") != page[-4:]:
        return None
    settings: dict[str, Any] = json.loads(page[:-4])
    return settings if settings.pop("format", None) == _FORMAT else None


def _checksums(records: npt.NDArray[np.void]) -> npt.NDArray[np.uint32]:
    """Return the CRC-32 of each record; it is whole where this is its field `crc`."""
    content: Any = records.view(np.uint8).reshape(len(records), -1)
    return np.array([zlib.crc32(memoryview(row)[4:]) for row in content], np.uint32)


def _complete(unfinished: Path, settings: dict[str, Any], workers: int) -> None:
    """Make the records that a file lacks, and flush it to the disk."""
    header, layout = _header_of(settings), _layout(settings)
    size = _HEADER + settings["shapes"] * layout.itemsize
    with unfinished.open("r+b", buffering=0) as file:
        page = file.read(_HEADER)
        if page.strip(b"\0"):
            _check_settings(unfinished, _read_header(page), settings)
        # A disk that is too small is found out now, not days later.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        _write(file, header, 0)
        records = np.memmap(unfinished, layout, "r", _HEADER, (settings["shapes"],))
        missing = np.flatnonzero(records["crc"] != _checksums(records)).tolist()
        del records
        done = settings["shapes"] - len(missing)
        with progress_bar(total=settings["shapes"], initial=done, unit="shape") as bar:
            tasks = [missing[k : k + _TASK] for k in range(0, len(missing), _TASK)]
            results = in_processes(_make_records, [(settings, task) for task in tasks], workers)
            for indices, made in zip(tasks, results, strict=True):
                for i, record in zip(indices, made, strict=True):
                    _write(file, record.tobytes(), _HEADER + i * layout.itemsize)
                bar.update(len(indices))
        os.fsync(file.fileno())


def _write(file: Any, data: bytes, offset: int) -> None:
    file.seek(offset)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _make_records(settings: dict[str, Any], indices: list[int]) -> npt.NDArray[np.void]:
    """Return the records of these shapes."""
    source = IndexedGenerator(settings["seed"], SAMPLE)
    rng = source.generator
    names, shares = list(settings["families"]), np.array([*settings["families"].values()])
    records = np.zeros(len(indices), _layout(settings))
    for record, i in zip(records, indices, strict=True):
        source.seek(i, 0)
        family = names[rng.choice(len(names), p=shares / shares.sum())]
        shape, record["aspect_ratio"] = draw_shape(family, rng)
        found = modes_of(shape, settings["modes"])
        record["family"] = names.index(family)
        record["perimeter"], record["outline"] = shape.perimeter, log_radii(shape)
        record["points"] = draw_points(shape, settings["points"], rng)
        record["depths"] = shape.depth(record["points"])
        record["frequencies"] = found.frequencies(wave_speed=1.0)
        record["eigenfunctions"] = found(record["points"]).astype(np.float32)
    records["crc"] = _checksums(records)
    return records
