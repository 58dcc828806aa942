import numpy as np
import pytest

from kac_prediction.physics import raisedCosine, raisedTriangle


def test_a_raised_cosine_on_a_line() -> None:
    half = 0.5 * (1 + np.cos(np.pi / 3))
    expected = [0, 0, 0.5 * (1 + np.cos(2 * np.pi / 3)), half, 1, half, 0.25, 0, 0]
    assert np.abs(raisedCosine(9, 4, 3.0) - expected).max() < 1e-15
    assert np.array_equal(raisedCosine((9,), (4,), 3.0), raisedCosine(9, 4, 3.0))


def test_a_raised_cosine_on_a_plane_depends_on_the_distance() -> None:
    bump = raisedCosine((21, 31), (7.3, 18.6), 5.5)
    for i, j in np.ndindex(bump.shape):
        distance = np.sqrt((i - 7.3) ** 2 + (j - 18.6) ** 2)
        expected = np.cos(np.pi * distance / 11) ** 2 if distance < 5.5 else 0.0
        assert bump[i, j] == pytest.approx(expected, abs=1e-14)


def test_a_raised_cosine_has_the_volume_of_its_integral() -> None:
    # The integral of 0.5 (1 + cos(pi d / s)) over the disc d < s is s^2 (pi / 2 - 2 / pi).
    bump = raisedCosine((101, 101), (50.2, 49.7), 30.0)
    assert bump.sum() == pytest.approx(900 * (np.pi / 2 - 2 / np.pi), rel=1e-5)


def test_by_default_a_raised_cosine_is_one_node() -> None:
    assert raisedCosine((3, 4), (1, 2)).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert not raisedCosine((3, 4), (1.5, 2)).any()


def test_a_raised_cosine_may_lie_beyond_the_edge() -> None:
    whole = raisedCosine((30, 30), (5, 6), 4.0)
    assert np.array_equal(raisedCosine((10, 10), (-5, -4), 4.0), whole[10:20, 10:20])
    assert raisedCosine((10, 10), (-1, 4), 4.0)[0, 4] == pytest.approx(0.5 * (1 + np.sqrt(0.5)))


def test_a_raised_triangle_on_a_line() -> None:
    assert raisedTriangle(6, 2).tolist() == [0, 0.5, 1, 2 / 3, 1 / 3, 0]
    assert raisedTriangle((8,), (3,), (1, 5)).tolist() == [0, 0, 0.5, 1, 0.5, 0, 0, 0]


def test_a_raised_triangle_is_linear_between_its_corners() -> None:
    x = np.arange(40.0)
    triangle = raisedTriangle(40, 17.3, (4.2, 31.9))
    assert np.abs(triangle - np.interp(x, [4.2, 17.3, 31.9], [0, 1, 0])).max() < 1e-15


def test_a_raised_triangle_on_a_plane_is_a_product() -> None:
    plane = raisedTriangle((20, 30), (5.5, 20), (2, 9), (18, 29))
    assert np.array_equal(
        plane, np.outer(raisedTriangle(20, 5.5, (2, 9)), raisedTriangle(30, 20, (18, 29)))
    )
    default = raisedTriangle((20, 30), (5, 20))
    assert default[5, 20] == 1
    assert not default[[0, -1]].any()
    assert not default[:, [0, -1]].any()


def test_a_peak_at_an_end_is_upright() -> None:
    assert raisedTriangle(5, 0).tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert raisedTriangle(5, 4).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert raisedTriangle(5, 2, (2, 4)).tolist() == [0, 0, 1, 0.5, 0]
    assert raisedTriangle(5, 2, (0, 2)).tolist() == [0, 0.5, 1, 0, 0]
    assert raisedTriangle(5, 2, (2, 2)).tolist() == [0, 0, 1, 0, 0]
    assert raisedTriangle(1, 0).tolist() == [1]


@pytest.mark.parametrize("size", [0, -3, (), (4, 0), (2, 3, 4), 2.5, (4, np.nan)])
@pytest.mark.parametrize("function", [raisedCosine, raisedTriangle])
def test_impossible_sizes_are_refused(function, size) -> None:
    with pytest.raises(
        ValueError, match=r"matrix_size must be (one or two positive integers|1 or 2 finite number)"
    ):
        function(size, 0.0)


@pytest.mark.parametrize("mu", [(1.0, 2.0, 3.0), (1.0,), 1.0, (np.nan, 0.0), (0.0, np.inf)])
@pytest.mark.parametrize("function", [raisedCosine, raisedTriangle])
def test_mu_has_one_finite_number_for_each_dimension(function, mu) -> None:
    with pytest.raises(ValueError, match=r"mu must be 2 finite number\(s\)"):
        function((5, 5), mu)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan, np.inf])
def test_sigma_is_positive_and_finite(sigma: float) -> None:
    with pytest.raises(ValueError, match=r"sigma must be (above 0|a finite number)"):
        raisedCosine(5, 2, sigma)


def test_impossible_triangles_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mu must lie between a and b of x_ab, got 5.0 and"):
        raisedTriangle(5, 5)
    with pytest.raises(ValueError, match=r"between a and b of y_ab, got 2.0 and \(3.0, 4.0\)"):
        raisedTriangle((5, 5), (2, 2), None, (3, 4))
    with pytest.raises(ValueError, match=r"x_ab must be 2 finite number\(s\)"):
        raisedTriangle(5, 2, (0, np.nan))
    with pytest.raises(ValueError, match="y_ab needs a matrix_size of two dimensions"):
        raisedTriangle(5, 2, None, (0, 4))
