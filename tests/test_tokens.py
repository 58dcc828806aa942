"""The tokens of older datasets."""

from pathlib import Path

import numpy as np
import pytest

from kac_prediction.dataset import DatasetError
from kac_prediction.dataset.storage import tokens

TEXT = '{"a\\"b" : [1,-2.5e3 ,nan],"é":"[,]"}'
TOKENS = [
    "{",
    '"a\\"b"',
    ":",
    "[",
    "1",
    ",",
    "-2.5e3",
    ",",
    "nan",
    "]",
    ",",
    '"é"',
    ":",
    '"[,]"',
    "}",
]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
def test_tokens_do_not_depend_on_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(tokens, "_BLOCK", block)
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbf" * (block > 2) + TEXT.encode() + b" \r\n")
    with tokens.Tokens(path) as found:
        assert [found.next().decode() for _ in TOKENS] == TOKENS
        assert found.position == path.stat().st_size - 3
        found.end()
        assert found.next() == b""


@pytest.mark.parametrize("block", [1, 5, 64, 1000])
def test_numbers_do_not_depend_on_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(tokens, "_BLOCK", block)
    rows = np.random.default_rng(1).normal(size=(7, 9))
    path = tmp_path / "text"
    path.write_text(f" {rows.tolist()} , {rows[0].tolist()}")
    with tokens.Tokens(path) as found:
        assert np.array_equal(found.numbers(2000), rows)
        found.expect(b",")
        assert np.array_equal(found.numbers(2000), rows[0])
        found.end()


def test_what_never_ends_is_not_read_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_BLOCK", 2**10)
    monkeypatch.setattr(tokens, "_LIMIT", 2**12)
    path = tmp_path / "text"
    for text, read in {
        '"' + "a" * 2**16: tokens.Tokens.next,
        " " * 2**16: tokens.Tokens.next,
        "[" + "1, " * 2**16: tokens.Tokens.value,
        "[" + "1, " * 2**17: lambda found: found.numbers(2**12),
    }.items():
        path.write_text(text)
        with tokens.Tokens(path) as found:
            with pytest.raises(DatasetError, match="text is damaged at byte"):
                read(found)
            assert found._file.tell() <= 2**14


def test_parsed_numbers_are_exact() -> None:
    values = np.random.default_rng(2).normal(size=1000) * 10.0 ** np.arange(-500, 500).clip(
        -300, 300
    )
    assert np.array_equal(tokens.parse_numbers(repr(values.tolist()).encode()), values)
    found = tokens.parse_numbers(b"[[-inf, nan], [-nan, Infinity]]")
    assert np.array_equal(found, [[-np.inf, np.nan], [np.nan, np.inf]], equal_nan=True)


@pytest.mark.parametrize(
    "text", [b"", b"[1,]", b"[1 2]", b"[nann]", b"[Infinit]", b'["1"]', b"[1.]"]
)
def test_what_is_no_list_of_numbers(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        tokens.parse_numbers(text)
