"""Models at an address: a server of this machine that does its worst."""

import hashlib
import re
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests
import torch

from kac_prediction.pipeline import loadModel
from models_of_users import Linear
from published import FILE, Server, serving
from saved_models import exported, save

SIDE = "https://models.example"


@pytest.fixture
def model() -> Linear:
    torch.manual_seed(0)
    return Linear(0.1, inputs=20000, outputs=2)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return tmp_path / "cache/kac_prediction/models"


@pytest.fixture
def server(
    model: Linear, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A server with a checkpoint, on this machine, at the address `SIDE` too."""
    save(tmp_path / "sent.pt", exported(model, 3))
    with serving((tmp_path / "sent.pt").read_bytes()) as state:

        def get(url: str, **options: Any) -> requests.Response:
            asked.append((url, options["auth"]))
            return original(url.replace(SIDE, state.url), **options)

        original = requests.get
        monkeypatch.setattr(requests, "get", get)
        yield state


def address(side: str = SIDE) -> str:
    return f"{side}/mirror/{FILE}"


def sha256_of(server: Server) -> str:
    return hashlib.sha256(server.content).hexdigest()


asked: list[tuple[str, Any]] = []  # every address, and what it was asked with


def kept(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*")) if cache.is_dir() else []


def test_an_address_is_downloaded_once(server: Server, cache: Path) -> None:
    for sha256 in (None, sha256_of(server), None):
        loaded = loadModel(address(), Linear, sha256=sha256)
        assert loaded.run_info is not None
        assert loaded.run_info["epoch"] == 3
    assert len(server.requested) == 1
    assert [path.name.endswith(f"-{FILE}") for path in kept(cache)] == [True]
    assert kept(cache)[0].read_bytes() == server.content


def test_every_address_has_its_copy(server: Server, cache: Path) -> None:
    loadModel(address())
    loadModel(f"{SIDE}/moved.zip")
    assert len(kept(cache)) == 2


def test_another_file_at_the_address_comes_by_its_sha256(
    server: Server, model: Linear, cache: Path, tmp_path: Path
) -> None:
    loadModel(address())
    save(tmp_path / "sent.pt", exported(model, 9))
    server.content, server.etag = (tmp_path / "sent.pt").read_bytes(), '"two"'
    info = loadModel(address(), sha256=sha256_of(server)).run_info
    assert info is not None
    assert info["epoch"] == 9
    before = kept(cache)[0].read_bytes()
    with pytest.raises(ValueError, match=rf"{FILE} has the sha256 .* where {'0' * 64}"):
        loadModel(address(), sha256="0" * 64)
    assert [path.read_bytes() for path in kept(cache)] == [before]


def test_http_wants_a_sha256(server: Server) -> None:
    with pytest.raises(ValueError, match="https address, or the file's sha256"):
        loadModel(address(server.url))
    assert isinstance(loadModel(address(server.url), sha256=sha256_of(server)), Linear)


def test_an_https_address_leads_to_no_other_kind(server: Server, cache: Path) -> None:
    for sha256 in (None, sha256_of(server)):
        with pytest.raises(ValueError, match=r"/unprotected\.zip leads to http://127.* on the way"):
            loadModel(f"{SIDE}/unprotected.zip", sha256=sha256)
    assert server.requested == []
    assert kept(cache) == []
    loadModel(f"{server.url}/unprotected.zip", sha256=sha256_of(server))


def test_a_password_is_sent_and_not_shown(
    server: Server, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    url = address().replace("://", "://me:s%40cret@")
    asked.clear()
    server.faults = [503, 404]
    with pytest.raises(ConnectionError, match="404") as raised:
        loadModel(url)
    server.faults = ["page"]
    with pytest.raises(ValueError, match=rf"{address()} is not a checkpoint"):
        loadModel(url)
    assert isinstance(loadModel(url), Linear)
    assert set(asked) == {(address(), ("me", "s@cret"))}
    shown = [*caplog.messages, *traceback.format_exception(raised.value)]
    assert not any("cret" in text for text in shown if "loadModel(" not in text)
    loadModel(f"{SIDE.replace('://', '://me:x@')}/moved.zip")
    assert asked[-1] == (address(), ("me", "x"))


@pytest.mark.parametrize("url", ["ftp://a.example/b.pt", "s3://a/b.pt", "file:///a/b.pt"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="neither a path nor an https address"):
        loadModel(url)


def test_a_bad_sha256_is_refused_before_anything_is_asked(server: Server) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        loadModel(address(), sha256="abc")
    assert server.requested == []


def test_a_connection_that_is_cut_goes_on(server: Server, cache: Path) -> None:
    server.faults = ["cut", 503]
    assert isinstance(loadModel(address()), Linear)
    first = int(re.fullmatch(r"bytes=(\d+)-", server.requested[-1] or "")[1])  # type: ignore[index]
    assert len(server.content) / 4 < first <= len(server.content) / 2
    assert len(kept(cache)) == 1


def test_nothing_is_kept_of_a_download_that_fails(server: Server, cache: Path) -> None:
    server.faults = ["cut", 503, 503, 503, 503]
    with pytest.raises(ConnectionError, match=r"Check the address .* give loadModel its path"):
        loadModel(address())
    server.faults = ["page"]
    with pytest.raises(ValueError, match=rf"{address()} is not a checkpoint.* Nothing of it was"):
        loadModel(address())
    assert kept(cache) == []
    server.faults = ["wrong"]
    with pytest.raises(ValueError, match="has the sha256"):
        loadModel(address(), sha256=sha256_of(server))
    assert kept(cache) == []
    loadModel(address())


def test_a_download_that_is_interrupted_leaves_nothing(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> None:
        assert [p for p in kept(cache) if p.is_file()]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch, "load", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loadModel(address())
    assert kept(cache) == []


def test_without_a_network_the_copy_will_do(model: Linear, server: Server, cache: Path) -> None:
    loadModel(address())
    server.faults = [404] * 9
    assert isinstance(loadModel(address()), Linear)
    kept(cache)[0].unlink()
    with pytest.raises(ConnectionError, match="404"):
        loadModel(address())
