"""The validators: what each accepts, and how it refuses."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from kac_prediction._checks import (
    brief,
    check_choice,
    check_count,
    check_flag,
    check_number,
    check_numbers,
    check_seed,
    check_sound,
    check_vectors,
    check_whole,
    did_you_mean,
    shorten,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_count_is_any_integer_in_range(value: Any) -> None:
    assert check_count("n", value, 1, 3) == 3
    assert type(check_count("n", value)) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None])
def test_a_count_is_nothing_but_an_integer(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^hop_length must be a whole number, got "):
        check_count("hop_length", value)


def test_a_count_without_a_lower_limit() -> None:
    assert check_count("n", -3, None) == -3
    with pytest.raises(TypeError, match=r"n must be a whole number, got -3\.0"):
        check_count("n", -3.0, None)


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int64(3), Fraction(3)])
def test_a_whole_number_may_be_a_float(value: Any) -> None:
    assert check_whole("n", value, 3, 3) == 3
    assert type(check_whole("n", value)) is int


@pytest.mark.parametrize("value", [True, 2.5, np.nan, np.inf, -np.inf, "3", None, 3j])
def test_a_whole_number_is_nothing_else(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^rate must be a whole number from 1, got "):
        check_whole("rate", value)
    with pytest.raises(ValueError, match=r"rate must be at least 2, got 1"):
        check_whole("rate", 1.0, 2)
    with pytest.raises(ValueError, match=r"at most 4, got a number beyond float64"):
        check_whole("rate", 10**400, most=4)


def test_a_count_out_of_range_names_the_bound() -> None:
    with pytest.raises(ValueError, match=r"n must be at least 1, got 0"):
        check_count("n", 0)
    with pytest.raises(ValueError, match=r"n must be at most 4, got 5"):
        check_count("n", 5, most=4)
    with pytest.raises(ValueError, match=r"at most 4, got a number beyond float64"):
        check_count("n", 10**400, most=4)


@pytest.mark.parametrize(
    "values", [(1, 2.5), [1, Fraction(5, 2)], np.array([1, 2.5], np.float32), (np.int8(1), 2.5)]
)
def test_numbers_are_as_many_as_asked_for(values: Any) -> None:
    assert check_numbers("p", values, 2) == (1.0, 2.5)
    assert all(type(number) is float for number in check_numbers("p", values, 2))
    assert check_numbers("size", 3, 1, 2) == check_numbers("size", [3], 1, 2) == (3.0,)


@pytest.mark.parametrize(
    "values",
    ["ab", ("1", "2"), (1, math.nan), (1, 2, 3), ((1, 2), (3, 4)), ((1, 2), 3), None, 10**400, 1j],
)
def test_what_is_not_as_many_numbers_is_named(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^p must be 1 or 2 finite number\(s\), got "):
        check_numbers("p", values, 1, 2)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), Fraction(2)])
def test_a_number_is_any_real_number(value: Any) -> None:
    assert check_number("x", value, above=1, least=2, most=2, below=3) == 2.0
    assert type(check_number("x", value)) is float


@pytest.mark.parametrize("value", [True, "2", None, 2j, [2.0]])
def test_a_number_is_nothing_else(value: Any) -> None:
    with pytest.raises(TypeError, match=r"x must be a number, got "):
        check_number("x", value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400])
def test_a_number_is_finite(value: Any) -> None:
    with pytest.raises(ValueError, match="x must be a finite number"):
        check_number("x", value)


def test_a_sound_is_real_finite_and_not_silent() -> None:
    assert check_sound("x", np.arange(3, dtype=np.int16)).dtype == np.float64
    wrong: list[tuple[Any, type[Exception], str]] = [
        ([1, 2j], TypeError, "x must hold real numbers, got complex ones"),
        ([[1], [1, 2]], TypeError, "x must be samples, an array of real numbers, got "),
        ("ab", TypeError, "x must be samples"),
        (np.ones((2, 3)), ValueError, r"x must be mono, of shape \(length,\), got \(2, 3\)"),
        ([1.0], ValueError, "x must have 2 samples or more, got 1"),
        ([0, 1, math.nan], ValueError, "sample 2 of x is not a finite number"),
        ([0.5, 0.5], ValueError, "x is silent: all its samples are 0.5"),
    ]
    for samples, error, message in wrong:
        with pytest.raises(error, match=message):
            check_sound("x", samples, 2)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"above": 2}, "above 2"),
        ({"least": 3}, "at least 3"),
        ({"most": 1}, "at most 1"),
        ({"below": 2}, "below 2"),
    ],
)
def test_a_number_out_of_range_names_the_bound(bounds: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"x must be {message}, got 2"):
        check_number("x", 2, **bounds)


def test_a_choice_offers_the_nearest_name() -> None:
    for given in ("cosine", np.str_("cosine")):
        found = check_choice("schedule", given, ("constant", "cosine"))
        assert (found, type(found)) == ("cosine", str)
    with pytest.raises(ValueError, match=r"'cosin': did you mean cosine\?"):
        check_choice("schedule", "cosin", ("constant", "cosine"))
    with pytest.raises(ValueError, match=r"must be one of 1, 2, got True$"):
        check_choice("power", True, (1, 2))


def test_flags_and_seeds() -> None:
    assert check_flag("normalise", np.True_) is True
    with pytest.raises(TypeError, match="must be True or False, got 1"):
        check_flag("normalise", 1)
    assert check_seed("seed", 2**64 - 1) == 2**64 - 1
    assert check_seed("seed", 0) == 0
    for seed, limit in ((-1, "least 0, got -1"), (2**64, "most 18446744073709551615, got 1844")):
        with pytest.raises(ValueError, match=f"seed must be at {limit}"):
            check_seed("seed", seed)
    for seed in (1.0, True):
        with pytest.raises(TypeError, match="seed must be a whole number"):
            check_seed("seed", seed)


def test_vectors_have_one_shape() -> None:
    vectors = check_vectors({"a": [1, 2], "b": np.array([3.0, 4.0])})
    assert list(vectors) == ["a", "b"]
    assert vectors["a"].dtype == np.float64
    assert check_vectors({"a": [1.0, 2.0]}, np.int64)["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"a": [1, 2], "b": [1]}, r"^a and b must have one shape .* \(2,\) and \(1,\)$"),
        ({"a": []}, r"n from 1, got \(0,\)"),
        ({"a": [[1.0]]}, r"\(1, 1\)"),
        ({"a": 1.0}, r"got \(\)"),
    ],
)
def test_vectors_of_other_shapes_are_refused(values: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_vectors(values)


def test_no_name_is_offered_where_none_is_near() -> None:
    assert did_you_mean("zzz", ["batch_size"]) == ""
    assert did_you_mean("batch_sise", ["batch_size", "seed"]) == ": did you mean batch_size?"


def test_a_value_in_a_message_is_short_whatever_it_is() -> None:
    bomb: list[Any] = ["x" * 1000]
    for _ in range(40):  # 9 to the 40th texts
        bomb = [bomb] * 9
    for value in (bomb, {"a": bomb}, "x" * 10**6, 10**5000, Fraction(10**5000, 3), (1, bomb)):
        assert len(brief(value)) < 320
        assert brief(value).isprintable()
        with pytest.raises((TypeError, ValueError)) as raised:
            check_choice("kind", value, ["one", "two"])
        assert len(str(raised.value)) < 360
    assert brief([1, "two", None]) == "[1, 'two', None]"
    assert brief(np.float64(0.5)) == "0.5"
    assert brief(np.float64("nan")) == "nan"
    assert shorten("a\n  b\x1b\ud800é") == "a b\\x1b\\ud800é"
