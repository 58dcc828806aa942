"""The network boundary: a record and an archive on a server of this machine that does its worst."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from kac_prediction.pipeline.datasets import download
from kac_prediction.pipeline.datasets.download import (
    ask_record,
    fetch,
    require_space,
)
from published import FILE, RECORD, Server, md5, point_at, serving

DOI = f"10.5281/zenodo.{RECORD}"
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "_PAUSE", 0)
    monkeypatch.setattr(download, "_CHUNK", 500)
    with serving(CONTENT) as state:
        point_at(state, monkeypatch)
        yield state


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def whole(server: Server, tmp_path: Path, verified: bool = True, limit: int = 2**21) -> Path:
    target = tmp_path / FILE
    digest = server.checksum.removeprefix("md5:") if verified else ""
    fetch(f"{server.url}/mirror/{FILE}", target, limit, digest)
    assert names(tmp_path) == {FILE}
    assert target.read_bytes() == server.content
    return target


def test_the_record_tells_address_and_md5(server: Server) -> None:
    assert ask_record(DOI, FILE) == (f"{server.url}/content/{FILE}", md5(CONTENT))


@pytest.mark.parametrize("fault", [429, 500, 503, "page"])
def test_a_busy_record_is_asked_again(fault: int | str, server: Server) -> None:
    server.record_faults = [fault] * 3
    assert ask_record(DOI, FILE)[1] == md5(CONTENT)
    server.record_faults = [fault] * 4
    with pytest.raises(ConnectionError, match=f"record doi:{DOI} could not be read"):
        ask_record(DOI, FILE)
    server.record_faults = [fault] * 2
    with pytest.raises(ConnectionError):
        ask_record(DOI, FILE, attempts=1)
    assert server.asked == 4 + 4 + 1


def test_a_record_without_the_file_or_its_md5(server: Server) -> None:
    with pytest.raises(ValueError, match=r"holds no drums\.zip"):
        ask_record(DOI, "drums.zip")
    server.checksum = f"sha1:{'0' * 40}"
    with pytest.raises(ValueError, match="gives no md5"):
        ask_record(DOI, FILE)
    assert server.asked == 2


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("length", [True, False])
def test_a_download(verified: bool, length: bool, server: Server, tmp_path: Path) -> None:
    server.length = length
    whole(server, tmp_path, verified)
    assert server.requested == [None]


def test_the_address_may_have_moved(server: Server, tmp_path: Path) -> None:
    fetch(f"{server.url}/moved.zip", tmp_path / FILE, 2**21, md5(CONTENT))
    assert (tmp_path / FILE).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.faults = [503, 429, 503]
    whole(server, tmp_path)
    assert len(server.requested) == 4


@pytest.mark.parametrize("fault", [404, 403, 410])
def test_what_is_not_there_is_not_asked_for_again(
    fault: int, server: Server, tmp_path: Path
) -> None:
    server.faults = [fault]
    with pytest.raises(ConnectionError, match=f"could not be downloaded: {fault}"):
        whole(server, tmp_path)
    assert len(server.requested) == 1


def test_a_connection_that_is_cut_again_and_again_goes_on(server: Server, tmp_path: Path) -> None:
    server.faults = ["cut"] * 12  # more often than it may fail without any progress
    whole(server, tmp_path)
    half, quarter = len(CONTENT) // 2, len(CONTENT) // 4
    assert server.requested[:3] == [None, f"bytes={half}-", f"bytes={half + quarter}-"]


def test_it_goes_on_in_a_later_call(server: Server, tmp_path: Path) -> None:
    server.faults = ["cut", 503, 503, 503, 503]
    with pytest.raises(ConnectionError, match="503"):
        whole(server, tmp_path)
    assert not (tmp_path / FILE).exists()
    assert (tmp_path / f"{FILE}.part").stat().st_size == len(CONTENT) // 2
    whole(server, tmp_path)
    assert server.requested[-1] == f"bytes={len(CONTENT) // 2}-"


@pytest.mark.parametrize("verified", [True, False])
def test_another_version_in_a_later_call_is_fetched_from_its_start(
    verified: bool, server: Server, tmp_path: Path
) -> None:
    server.faults = ["cut", 404]
    with pytest.raises(ConnectionError):
        whole(server, tmp_path, verified)
    server.content, server.etag = CONTENT[::-1], '"two"'
    server.checksum = md5(server.content)
    whole(server, tmp_path, verified)


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
@pytest.mark.parametrize("verified", [True, False])
def test_without_a_version_only_the_md5_lets_it_go_on(
    verified: bool, etag: str | None, server: Server, tmp_path: Path
) -> None:
    server.etag, server.faults = etag, ["cut"]
    whole(server, tmp_path, verified)
    assert server.requested[1] == (f"bytes={len(CONTENT) // 2}-" if verified else None)


def test_a_server_without_parts(server: Server, tmp_path: Path) -> None:
    server.ranges, server.faults = False, ["cut", "cut"]
    whole(server, tmp_path)
    server.faults = ["cut"] * 9
    (tmp_path / FILE).unlink()
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        whole(server, tmp_path)


def test_a_server_that_sends_another_part(server: Server, tmp_path: Path) -> None:
    server.faults = ["cut", "other part"]
    whole(server, tmp_path)
    assert server.requested == [None, f"bytes={len(CONTENT) // 2}-", None]


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_part_that_is_whole_or_too_long(beyond: int, server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.part").write_bytes(CONTENT + b"x" * beyond)
    whole(server, tmp_path)
    assert server.requested == [f"bytes={len(CONTENT) + beyond}-"] + [None] * beyond


@pytest.mark.parametrize("fault", ["wrong", "page"])
def test_wrong_bytes_are_never_the_archive(fault: str, server: Server, tmp_path: Path) -> None:
    server.faults = [fault]
    whole(server, tmp_path)
    (tmp_path / FILE).unlink()
    server.faults = [fault] * 2
    with pytest.raises(ValueError, match=f"where {md5(CONTENT)} was expected"):
        whole(server, tmp_path)
    assert not (tmp_path / FILE).exists()
    assert not (tmp_path / f"{FILE}.part").exists()


def test_a_part_with_wrong_bytes_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.part").write_bytes(b"x" * 1000)
    whole(server, tmp_path)
    assert server.requested == ["bytes=1000-", None]


@pytest.mark.parametrize("length", [True, False])
def test_an_archive_that_is_too_large(length: bool, server: Server, tmp_path: Path) -> None:
    server.length = length
    with pytest.raises(ValueError, match=r"bytes where at most 1000 were expected"):
        whole(server, tmp_path, limit=1000)
    assert (tmp_path / f"{FILE}.part").stat().st_size == 0


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PAUSE", 0)
    with serving(b"") as gone:
        point_at(gone, monkeypatch)
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        whole(gone, tmp_path)
    with pytest.raises(ConnectionError, match="could not be read"):
        ask_record(DOI, FILE)


def test_pauses_grow_and_heed_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    answers = (None, "30", "86400", "Wed, 21 Oct 2026 07:28:00 GMT")
    for failures, after in enumerate(answers, start=1):
        error = OSError("busy")
        headers = {} if after is None else {"Retry-After": after}
        error.response = SimpleNamespace(status_code=429, headers=headers)  # type: ignore[attr-defined]
        download._pause("it failed", error, failures, attempts=5)
    assert pauses == [1, 30, 60, 8]
    with pytest.raises(ConnectionError, match="it failed: TimeoutError"):
        download._pause("it failed", TimeoutError(), 5, attempts=5)


def test_a_full_disk_is_not_tried_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match=r"archive needs 0\.00 GB.*name another directory"):
            whole(server, tmp_path)
        with pytest.raises(OSError, match=r"all of it needs 5\.00 GB"):
            require_space(tmp_path, 5 * 10**9, "all of it")
    assert len(server.requested) == 1
    whole(server, tmp_path)
    assert zipfile.is_zipfile(tmp_path / FILE) is False
