"""A published dataset in small, and a server that has it, in all the ways servers have."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import soundfile

from kac_prediction.dataset import loadDataset
from legacy_text import SAMPLERS, write

NAME = "5000-circular-drums-of-varying-size"
FILE = f"{NAME}.zip"
RECORD = "23148121"
SOUNDS = {f"sample_{i:05d}.wav" for i in range(5)}
INSTALLED = {"metadata.json", "metadata.legacy.json", "x.npy", *SOUNDS}


def unpacked(
    directory: Path, sampler: str = SAMPLERS["E7"], count: int = 5, **changes: Any
) -> Path:
    """An older dataset with its sounds, as an archive holds it."""
    rows = np.random.default_rng(1).uniform(-1, 1, (count, 8))
    write(directory, rows.tolist(), sampler=sampler, **changes)
    for i, row in enumerate(rows):
        soundfile.write(directory / f"sample_{i:05d}.wav", row, 800, "PCM_24")
    return directory


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def archive(directory: Path, **changes: Any) -> Path:
    """The archive of such a dataset, with what systems leave in one."""
    directory.mkdir(exist_ok=True)
    source = unpacked(directory / "source", **changes)
    members = {f"{NAME}/data/{p.name}": p.read_bytes() for p in sorted(source.iterdir())}
    rubbish = {
        f"{NAME}/": b"",
        f"{NAME}/data/._sample_00000.wav": b"apple",
        f"{NAME}/data/.DS_Store": b"apple",
        f"{NAME}/readme.txt": b"hello",
        f"__MACOSX/{NAME}/data/metadata.json": b"apple",
    }
    return zipped(directory / FILE, {**rubbish, **members})


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def check_installed(directory: Path, source: Path) -> None:
    """It is there, converted, with its sounds, and nothing else."""
    assert {path.name for path in directory.iterdir()} == INSTALLED
    dataset = loadDataset(str(directory))
    assert dataset.sampler == {"name": "BesselModel", "version": ""}
    assert dataset.legacy.all()
    sounds = [soundfile.read(source / name)[0] for name in sorted(SOUNDS)]
    np.testing.assert_allclose(dataset.X.numpy(), sounds, atol=2**-23)


class Server:
    """A record on 127.0.0.1 with one file, which is also there at /mirror/.

    Attributes:
        content: the file.
        faults: what goes wrong with the next requests for it, one each: a status (503), "cut",
            "wrong" bytes, a "page" of a hotel's network, or "other part" than was asked for.
        record_faults: the same with the next requests for the record.
        requested: the Range of every request for the file.
        etag: the version that it tells of.
        ranges: does it send parts?
        length: does it say how long the file is?
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.faults: list[int | str] = []
        self.record_faults: list[int | str] = []
        self.requested: list[str | None] = []
        self.asked = 0
        self.etag: str | None = '"one"'
        self.ranges = self.length = True
        self.checksum = f"md5:{md5(content)}"
        self.files = [FILE]
        self.url = ""

    def record(self) -> bytes:
        links = {"self": f"{self.url}/content/{FILE}"}
        files = [{"key": key, "checksum": self.checksum, "links": links} for key in self.files]
        return json.dumps({"id": RECORD, "files": files}).encode()


class _Handler(BaseHTTPRequestHandler):
    state: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, state = self.path, self.state
        if path == f"/api/records/{RECORD}":
            state.asked += 1
            fault = state.record_faults.pop(0) if state.record_faults else 200
            body = b'{"status": "busy"}' if isinstance(fault, int) and fault != 200 else b"<html>"
            self._send(200 if fault == "page" else int(fault), {}, *self._whole(fault, body))
        elif path == "/moved.zip":
            self._send(302, {"Location": f"/mirror/{FILE}"}, b"", 0)
        elif path == "/unprotected.zip":
            self._send(302, {"Location": f"{state.url}/mirror/{FILE}"}, b"", 0)
        elif path in (f"/content/{FILE}", f"/mirror/{FILE}"):
            self._file()
        else:
            self._send(404, {}, b"", 0)

    def _whole(self, fault: int | str, body: bytes) -> tuple[bytes, int]:
        body = self.state.record() if fault == 200 else body
        return body, len(body)

    def _file(self) -> None:
        state, asked = self.state, self.headers.get("Range")
        state.requested.append(asked)
        fault = state.faults.pop(0) if state.faults else None
        if isinstance(fault, int):
            self._send(fault, {"Retry-After": "0"}, b"", 0)
            return
        same = self.headers.get("If-Range") in (None, state.etag)
        start = int(asked[6:-1]) if asked and state.ranges and same else None
        status, body, headers = self._answer(start)
        if fault == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        elif fault == "page":
            body = b"<html>please log in</html>"
        elif fault == "other part":
            headers["Content-Range"] = f"bytes 0-{len(body) - 1}/{len(state.content)}"
        length = len(body) if state.length else None
        self._send(status, headers, body[: len(body) // 2] if fault == "cut" else body, length)

    def _answer(self, start: int | None) -> tuple[int, bytes, dict[str, str]]:
        state, size = self.state, len(self.state.content)
        headers = {} if state.etag is None else {"ETag": state.etag}
        if start is None:
            return 200, state.content, headers
        if start >= size:
            return 416, b"", {"Content-Range": f"bytes */{size}"}
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return 206, state.content[start:], headers

    def _send(self, status: int, headers: dict[str, str], body: bytes, length: int | None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Serve an archive while the block lasts."""
    state = Server(content)
    handler = type("Handler", (_Handler,), {"state": state})
    with _Quiet(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def point_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pooch find the record of a DOI on this server."""

    def resolve(doi: str, **_: object) -> str:
        assert doi == f"10.5281/zenodo.{RECORD}"
        return f"https://zenodo.org/records/{RECORD}"

    api = f"{server.url}/api/records"
    monkeypatch.setattr(pooch.downloaders, "doi_to_url", resolve)
    monkeypatch.setattr(pooch.downloaders.ZenodoRepository, "base_api_url", api)


def content_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
