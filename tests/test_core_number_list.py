"""Numbers from text, against Python's own float and json."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kac_prediction import _core

Numbers = npt.NDArray[np.float64]

SMALLEST = 5e-324
MANY = settings(derandomize=True, deadline=None, max_examples=300)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PIECES = [*"[[[]]],,,00112+--..eE", " ", "\n", "nan", "NaN", "inf", "Infinity", "12.5", "1e400"]
NAN = re.compile(r"(?<![\w.+-])-?(?:nan|NaN)(?![\w.+-])")
INFINITY = re.compile(r"(?<![\w.+])inf(?![\w.+-])")


def read_on(numbers: _core.NumberList, data: bytes, block: int) -> int:
    """Read through windows that grow by so many bytes; where the list ends."""
    used = 0
    for end in range(block, len(data) + block, block):
        used = numbers.read(data[:end], used)
        if numbers.complete:
            break
    return used


def read(text: str, block: int = 2**20) -> Numbers:
    """Read a list; ValueError unless it is one."""
    data = text.encode()
    values = np.full(len(data), 0.5)
    numbers = _core.NumberList(values)
    used = read_on(numbers, data, block)
    if not numbers.complete or data[used:].strip(b" \t\r\n"):
        raise ValueError("not a list, or more than one")
    return values[: np.prod(numbers.shape, dtype=int)].reshape(numbers.shape)


def read_by_json(text: str) -> Numbers:
    """The same by others, and slowly."""
    found: Any = json.loads(INFINITY.sub("Infinity", NAN.sub("NaN", text)))
    try:
        numbers = np.array(found, dtype=np.float64)
    except OverflowError as error:
        raise ValueError(error) from error
    if numbers.ndim not in (1, 2):
        raise ValueError("no list of numbers")
    return numbers


def assert_same(text: str, found: Numbers) -> None:
    """One list of numbers, bit by bit."""
    expected = np.array([float(number) for number in text.strip("[]").split(",")])
    assert found.tobytes() == expected.tobytes()


@MANY
@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_what_repr_writes_is_read_to_the_bit(values: list[float]) -> None:
    assert read(repr(values)).tobytes() == np.array(values).tobytes()


@MANY
@given(FINITE, st.integers(1, 30))
@example(SMALLEST, 25)
@example(2.2250738585072009e-308, 17)
@example(1.7976931348623157e308, 16)
@example(1.7976931348623157e308, 17)
def test_any_number_of_digits(value: float, digits: int) -> None:
    text = f"[{value:.{digits - 1}e},{value:.{digits}g}]"
    text = text.replace(".,", ",")
    assert_same(text, read(text))


@MANY
@given(st.integers(0, 10**30), st.integers(-400, 400))
@example(10**25 - 1, -349)
def test_any_exponent(mantissa: int, exponent: int) -> None:
    text = f"[{mantissa}e{exponent},-{mantissa}.0E{exponent:+},0.{mantissa:031}e{exponent}]"
    assert_same(text, read(text))


@MANY
@given(st.floats(0, 1e300))
@example(0.0)
@example(SMALLEST)
@example(2.2250738585072009e-308)
@example(2.0**53)
def test_halfway_between_two_doubles(value: float) -> None:
    """Ties go to even, and the slightest digit beyond them counts."""
    with localcontext() as context:
        context.prec = 2000
        half = (Decimal(value) + Decimal(float(np.nextafter(value, np.inf)))) / 2
        least = half.scaleb(-900)
        text = ",".join(str(number) for number in (half, half - least, half + least))
    assert_same(text, read(f"[{text}]"))


def test_whole_numbers() -> None:
    values = [0, 9, -10, 2**53, 2**53 + 1, -(2**63) - 1, 10**22, 10**23, 3 * 10**307]
    assert read(repr(values)).tolist() == [float(value) for value in values]
    for value in (2**1024, -(10**309), 10**5000):
        with pytest.raises(ValueError, match=r"byte 1: .* number within the range of float64"):
            read(f"[{value}]" if value < 10**4000 else f"[1{'0' * 5000}]")
    assert read(f"[{2**1024}.0, -1e309]").tolist() == [np.inf, -np.inf]


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.integers(1, 9))
@example("[1, -nan, -inf, NaN, Infinity, -Infinity]", 1)
@example("[[], []]", 1)
@example("[]", 1)
@example("[[], [1]]", 1)
@example("[[1], 1]", 1)
@example("[[[1]]]", 1)
@example("[01]", 1)
@example("[1.]", 1)
@example("[.5]", 1)
@example("[+1]", 1)
@example("[1e400, 1e-400]", 1)
def test_what_json_refuses_is_refused(inside: str, block: int) -> None:
    for text in (inside, f"[{inside}]", f"[[{inside}]]"):
        try:
            expected = read_by_json(text)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                read(text, block)
        else:
            found = read(text, block)
            assert found.shape == expected.shape
            assert np.array_equal(found, expected, equal_nan=True)


def test_every_window_finds_the_same() -> None:
    text = "[ [1.25e-3, -nan, 12345678901234567890],\r\n[ Infinity, 0.5 ,-1E+5] ]"
    expected = read_by_json(text)
    for block in range(1, len(text) + 1):
        assert np.array_equal(read(text, block), expected, equal_nan=True)
    for first in range(len(text)):
        numbers = _core.NumberList(np.empty(6))
        used = numbers.read(text.encode()[:first])
        assert not numbers.complete
        assert numbers.read(text.encode(), used) == len(text)
        assert numbers.complete


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", r"byte 100: expected '\[', got '{}'"),
        ("[1, abc, 2]", r"byte 104: expected a number, got 'abc'"),
        ("[1 2]", r"byte 103: expected ',' or '\]', got '2'"),
        ("[1, é]", r"byte 104: expected a number, got '\\xc3\\xa9'"),
        (f"[{'x' * 99}]", rf"byte 101: expected a number, got '{'x' * 20}'$"),
        ("[[1, 2], [3]]", r"byte 111: expected a list of 2 numbers, not of 1, got '\]'"),
        ("[1, [2]]", r"byte 104: expected a number, got '\['"),
        ("[[1], 2]", r"byte 106: expected a list, got '2'"),
    ],
)
def test_errors_name_the_byte_and_what_was_found(text: str, message: str) -> None:
    numbers = _core.NumberList(np.empty(9), position=100)
    with pytest.raises(ValueError, match=message):
        numbers.read(text.encode())
    for block in (1, 2, 3):  # no more is shown than has been read
        with pytest.raises(ValueError, match=rf"^{message[:8]}"):
            read_on(_core.NumberList(np.empty(9), position=100), text.encode(), block)


def test_what_exceeds_the_array_is_counted_alone() -> None:
    values = np.zeros(3)
    numbers = _core.NumberList(values[:2])
    numbers.read(b"[[1, 2], [3, 4]]")
    assert numbers.shape == (2, 2)
    assert values.tolist() == [1, 2, 0]


def test_lists_are_read_by_many_threads_at_once() -> None:
    rows = np.random.default_rng(1).normal(size=(8, 5000))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, [repr(row.tolist()) for row in rows]))
    assert np.array_equal(found, rows)


def test_arguments_are_checked() -> None:
    for values in (np.zeros(3, dtype=np.float32), [0.0], np.zeros(6)[::2], None):
        with pytest.raises(TypeError):
            _core.NumberList(values)
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match=r"writ?eable"):
        _core.NumberList(frozen)
    with pytest.raises(ValueError, match="values must have 1 dimension"):
        _core.NumberList(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="position must not be negative, got -1"):
        _core.NumberList(np.zeros(3), -1)
    numbers = _core.NumberList(np.zeros(3))
    with pytest.raises(ValueError, match=r"start must be within the text of 2 byte\(s\), got 3"):
        numbers.read(b"[]", 3)
    with pytest.raises(ValueError, match="start must not be negative"):
        numbers.read(b"[]", -1)
    with pytest.raises(TypeError):
        numbers.read("[]")
    assert numbers.read(b"[]", 2) == 2
    assert not numbers.complete
