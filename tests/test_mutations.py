"""Whatever a file of a known format holds: it is read, or refused by name in one sentence."""

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from interruptions import in_child, small_chunks, visible
from kac_prediction.dataset import DatasetError, generateDataset, loadDataset, transformDataset
from kac_prediction.geometry import Polygon
from kac_prediction.pipeline.datasets.unpack import unpack
from kac_prediction.samplers import BesselModel
from kac_prediction.samplers.published import PublishedDataset
from legacy_text import waves, write
from mutations import changed_bytes, changed_documents, sealed
from published import archive
from samplers_of_users import Click

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
SMALL = PublishedDataset("circle", 5, BesselModel, {"duration": 0.01, "sample_rate": 800})


def generate(directory: Path) -> None:
    generateDataset(Click, SETTINGS, str(directory), 4, seed=1, shard_size=2)


@pytest.fixture
def drums(tmp_path: Path) -> Path:
    generate(tmp_path / "drums")
    return tmp_path / "drums"


def read_or_refused(
    call: Callable[[], object],
    kind: type[Exception] | tuple[type[Exception], ...],
    name: str,
) -> bool:
    """Tell whether a call succeeds; it may raise one kind of error, which names the file."""
    try:
        call()
    except kind as error:
        message = str(error)
    else:
        return True
    assert name in message
    assert message.isprintable()
    assert len(message) < 1500
    return False


def signed(text: str) -> bytes:
    """A metadata.json with a valid checksum, in lines if it has the keys of one."""
    text = re.sub(r', "data": \[(.*)\], "checksum": .*}$', _lines, text, flags=re.DOTALL)
    text = re.sub(r'"checksum": \d+}\s*$', "", text)
    return f'{text}"checksum": {zlib.crc32(text.encode())}}}\n'.encode()


def _lines(match: re.Match[str]) -> str:
    samples = match[1].replace('}}, {"y"', '}},\n{"y"')
    return f',\n"data": [\n{samples}\n],\n"checksum": 0}}'


def metadata(content: bytes) -> Iterator[bytes]:
    """Metadata with other content, and a checksum that fits it."""
    yield from map(signed, changed_documents(json.loads(content), 150, 1))
    for changed in changed_bytes(content, 100, 2):
        yield signed(changed.decode(errors="replace"))


def test_metadata(drums: Path) -> None:
    path = drums / "metadata.json"
    content, read = path.read_bytes(), 0
    unchanged = signed(json.dumps(json.loads(content)))
    for changed in chain([unchanged], metadata(content)):
        path.write_bytes(changed)
        if read_or_refused(lambda: loadDataset(str(drums)), DatasetError, str(drums)):
            read += 1
            with suppress(ValueError):
                assert len(loadDataset(str(drums), verify=True)[:]) == 4
            if read % 8 == 0:
                copied = shutil.copytree(drums, drums.with_name("copied"))
                with suppress(ValueError):
                    transformDataset(loadDataset(str(copied)), {"normalise_input": False})
                shutil.rmtree(copied)
    assert read > 10


def test_metadata_of_kac_drumset(tmp_path: Path) -> None:
    content, read = write(tmp_path / "old", waves(3)), 0
    place = tmp_path / "place"
    documents = (text.encode() for text in changed_documents(json.loads(content), 40, 3))
    for changed in chain(documents, changed_bytes(content, 40, 4)):
        place.mkdir()
        (place / "metadata.json").write_bytes(changed)
        read += read_or_refused(lambda: loadDataset(str(place)), DatasetError, "metadata.json")
        shutil.rmtree(place)
    assert read > 3


def test_unfinished_generations(drums: Path, tmp_path: Path) -> None:
    kept, place = tmp_path / "kept", tmp_path / "place"
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch, 2 * 80)
        in_child(lambda: generate(kept), "kill 22")
    plan = (kept / ".generating/plan.json").read_bytes()[9:-1]
    done = (kept / ".generating/done.txt").read_bytes()
    lines = done.splitlines(keepends=True)
    assert len(lines) == 2
    sound, row, labels = lines[0][9:-1].split(b" ", 2)
    files = [
        *(("plan.json", sealed(p.encode())) for p in changed_documents(json.loads(plan), 25, 5)),
        *(("plan.json", sealed(changed)) for changed in changed_bytes(plan, 15, 6)),
        *(("done.txt", sealed(line) + lines[1]) for line in changed_bytes(lines[0][9:-1], 15, 7)),
        *(
            ("done.txt", sealed(b" ".join([sound, row, text.encode()])) + lines[1])
            for text in changed_documents(json.loads(labels), 25, 8)
        ),
    ]
    made = 0
    for name, content in files:
        shutil.copytree(kept, place)
        (place / ".generating" / name).write_bytes(content)
        if read_or_refused(lambda: generate(place), DatasetError, str(place)):
            made += 1
            loadDataset(str(place), verify=True)
            found, expected = visible(place), visible(drums)
            assert found.keys() == expected.keys()
            # But for its labels, in a record, or the version that began it, in a plan.
            assert found.pop("metadata.json")
            assert found.items() <= expected.items()
        shutil.rmtree(place)
    assert made > len(files) // 2


def test_arrays(drums: Path) -> None:
    path = drums / "x.npy"
    content, read = path.read_bytes(), 0
    header, rows = content[:128], content[128:]

    def load() -> None:
        assert b"".join(x.numpy().tobytes() for x, _ in loadDataset(str(drums))[:]) == rows

    for changed in chain([header], changed_bytes(header, 20, 11)):
        path.write_bytes(changed + rows)
        read += read_or_refused(load, DatasetError, str(path))
    assert read > 0


def area(document: str) -> float:
    return Polygon(**json.loads(document)).area


def test_polygons() -> None:
    outline, read = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 0.5], [0.0, 1.0]], 0
    for text in changed_documents({"vertices": outline}, 100, 12):
        with suppress(RecursionError):  # of the reader of JSON
            read += read_or_refused(partial(area, text), (TypeError, ValueError), "vert")
    assert read > 0


def test_archives(tmp_path: Path) -> None:
    path, out = archive(tmp_path / "source"), tmp_path / "out"
    content, read = path.read_bytes(), 0
    ends = content.index(b"PK\x01\x02")
    unpack(path, tmp_path / "whole", SMALL)
    whole = visible(tmp_path / "whole")
    tails = (content[:ends] + changed for changed in changed_bytes(content[ends:], 150, 9))
    for changed in chain(changed_bytes(content, 50, 10), tails):
        path.write_bytes(changed)
        if read_or_refused(lambda: unpack(path, out, SMALL), ValueError, str(path)):
            assert visible(out).items() <= whole.items()
            read += 1
        shutil.rmtree(out, ignore_errors=True)
    assert read > 5
