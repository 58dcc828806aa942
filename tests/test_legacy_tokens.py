"""The tokens of legacy datasets."""

from pathlib import Path

import numpy as np
import pytest

from kac_prediction.dataset import DatasetError
from kac_prediction.dataset.legacy import legacy_header, legacy_samples, tokens
from legacy_text import MEL, MEL_SETTINGS, waves, write

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
        found.expect(b"")
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
        assert np.array_equal(found.numbers(63, 2000), rows)
        found.expect(b",")
        assert np.array_equal(found.numbers(63, 2000), rows[0])
        found.expect(b"")


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
        "[" + "1, " * 2**17: lambda found: found.numbers(2**17, 2**12),
    }.items():
        path.write_text(text)
        with tokens.Tokens(path) as found:
            with pytest.raises(DatasetError, match="text is damaged at byte"):
                read(found)
            assert found._file.tell() <= 2**14


def list_of(path: Path, text: str, size: int = 9) -> np.ndarray:
    path.write_text(text)
    with tokens.Tokens(path) as found:
        return found.numbers(size, 2000)


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    found = list_of(tmp_path / "text", "[[-inf, nan], [-nan, Infinity]]")
    assert np.array_equal(found, [[-np.inf, np.nan], [np.nan, np.inf]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "byte 0: expected '\\[', got the end of the file"),
        (" 5", "byte 1: expected '\\[', got b'5'"),
        ('"5', "byte 0: the file ends within"),
        (" [1,]", "byte 4: expected a number, got '\\]'"),
        ("[1 2]", "byte 3: expected ',' or '\\]', got '2'"),
        ('["1"]', "byte 1: expected a number, got '\"1\"'"),
        (" [1, 2", "byte 1: the file ends within the list"),
        (" [1, 2,", "byte 1: the file ends within the list"),
        (" [[1, 2]", "byte 1: the file ends within the list"),
        (" [0,0,0,0,0,0,0,0,0,0]", "byte 1: a list of 10 numbers, where 9 are the most"),
        (" [[0,0,0,0,0],[0,0,0,0,0]]", "byte 1: a list of 10 numbers, where 9 are the most"),
    ],
)
def test_what_is_no_list_of_numbers(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=f"text is damaged at {message}"):
        list_of(tmp_path / "text", text)


def test_a_list_takes_no_more_memory_than_its_file_allows(tmp_path: Path) -> None:
    assert list_of(tmp_path / "text", "[1, 2]", size=2**60).tolist() == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("nested", [False, True])
def test_a_text_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path, nested: bool) -> None:
    """Without opening a dataset: odd indentation, lists and lists of lists."""
    kind = {"representation": MEL, "settings": MEL_SETTINGS} if nested else {}
    x = np.random.default_rng(4).normal(size=(2, 2, 3)).tolist() if nested else waves(2, 8)
    for style in ("indented", "spread"):
        content = write(tmp_path, x, style=style, **kind)
        path = tmp_path / "metadata.json"
        assert [found.tolist() for found in samples(path)] == x
        for length in range(len(content.rstrip()) - 1, -1, -2):
            path.write_bytes(content[:length])
            with pytest.raises(DatasetError, match=r"metadata\.json.* byte \d+"):
                samples(path)


def samples(path: Path) -> list[np.ndarray]:
    with tokens.Tokens(path) as found:
        return [x for x, _ in legacy_samples(found, legacy_header(found))]
