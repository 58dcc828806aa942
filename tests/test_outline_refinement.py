"""Outlines of polygons that are fitted to sounds, and what is refused."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kac_prediction.geometry import ConvexPolygon, Polygon
from kac_prediction.geometry.radii import polygon_log_radii
from kac_prediction.listening import Fit, Start, refine, refine_outline
from kac_prediction.listening.bands import band
from kac_prediction.listening.polygon_fit import Objective, Prior, climb
from kac_prediction.listening.vertices import (
    drum_of,
    log_size,
    radii_by_vertices,
    simplified,
    size_by_vertices,
)
from kac_prediction.physics import eigenfrequencies
from kac_prediction.samplers import FiniteElementModel, PoissonModel

Float64 = npt.NDArray[np.float64]
ANGLES = 2 * np.pi * np.arange(64) / 64


def drum(corners: int, size: float, seed: int) -> Polygon:
    """Return a convex drum of so many corners."""
    polygon = ConvexPolygon(corners, rng=np.random.default_rng(seed))
    polygon.area = size**2
    return polygon


def overlap(one: Float64, other: Float64) -> float:
    """Return the intersection over the union of outlines of these log radii."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    return float(np.exp(2 * low).sum() / np.exp(2 * high).sum())


@pytest.mark.slow
def test_an_outline_comes_nearer_though_its_partials_overlap() -> None:
    shape = drum(6, 1.0, 4)
    shape.centroid = (0.0, 0.0)
    truth = polygon_log_radii(shape.outline()[:-1])
    model = FiniteElementModel(
        0.25,
        8000,
        "Polygon",
        drum_size=0.4,
        decay_time=0.8,
        shape_settings={"vertices": shape.vertices},
    )
    model.seed(0)
    model.updateProperties(1)
    model.generateWaveform()
    rival = Fit("rectangle", 0.41, 1.2, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0)
    start = truth + 0.04 * np.cos(2 * ANGLES) - 0.03 * np.sin(3 * ANGLES)
    fit = refine_outline(model.waveform, 8000, start, 0.406, outline_spread=0.03, rivals=[rival])
    assert fit is not None
    assert fit.drum_size == pytest.approx(0.4, rel=2e-3)
    assert np.exp(log_size(fit.vertices)) == pytest.approx(fit.drum_size)
    assert overlap(fit.log_radii, truth) > 0.98 > 0.95 > overlap(start, truth)
    assert fit.decay_time == pytest.approx(0.8, rel=0.05)
    assert fit.explained > 0.99
    assert fit.lead > 0.3 * fit.data


@pytest.mark.slow
def test_an_outline_has_no_lead_over_the_drum_itself() -> None:
    model = PoissonModel(0.1, 8000, drum_size=0.4, decay_time=0.8, aspect_ratio=1.5)
    model.seed(0)
    model.updateProperties(1)
    model.generateWaveform()
    (truth,) = refine(model.waveform, 8000, [Start("rectangle", 0.402, 1.51)])
    start = polygon_log_radii(Polygon([(-1.5, -1), (1.5, -1), (1.5, 1), (-1.5, 1)]).outline()[:-1])
    fit = refine_outline(model.waveform, 8000, start, 0.4, rivals=[truth])
    assert fit is not None
    assert fit.lead < 0


def test_slopes_and_curvature_of_the_objective() -> None:
    shape, rng = drum(5, 0.4, 3), np.random.default_rng(1)
    time = np.arange(2000) / 8000
    pitches = eigenfrequencies(shape, 8, 0.4)[:, None]
    sound = (np.exp(-9 * time) * np.sin(2 * np.pi * pitches * time)).sum(axis=0)
    radii = polygon_log_radii(shape.outline()[:-1])
    prior = Prior(radii, 50 * np.eye(64), np.log(0.4), 1e3)
    part = band(sound, 8000, 1.2 * float(pitches.max()), 40)
    objective = Objective(part, prior, 8.0, 300, 100.0)
    vertices = shape.outline()[:-1] + 0.002 * rng.standard_normal((5, 2))
    decays, noise = np.array([9.5, 1.0]), objective.share(0.03)
    place = objective.at(vertices, decays, noise)
    assert place is not None
    for k in range(12):
        step = np.zeros(12)
        step[k] = 1e-3 if k > 9 else 1e-6
        costs = []
        for way in (step, -step):
            moved = objective.at(vertices + way[:10].reshape(5, 2), decays + way[10:], noise)
            assert moved is not None
            costs.append(moved.cost)
        expected = (costs[0] - costs[1]) / (2 * step[k])
        # The slopes of what is expected of amplitudes are left out.
        assert place.gradient[k] == pytest.approx(expected, rel=0.03, abs=0.5)
    assert np.linalg.eigvalsh(place.curvature).min() > 0
    higher = climb(objective, vertices, decays, 0.03, (4, 4))
    assert higher is not None
    residuals = [float(each.evidence.residual[0]) for each in (higher, place)]
    assert residuals[0] < min(0.01 * part.samples.energy, residuals[1])
    crossed = vertices[[0, 2, 1, 3, 4]]
    assert objective.at(crossed, decays, noise) is None


def test_radii_of_a_square_and_of_what_is_not_seen() -> None:
    square = 3 + 2 * np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    radii = np.exp(polygon_log_radii(square))
    np.testing.assert_allclose(radii, 0.5 / np.abs([np.cos(ANGLES), np.sin(ANGLES)]).max(axis=0))
    assert float(log_size(square)) == pytest.approx(np.log(2))
    assert np.isnan(log_size(square[::-1]))
    batch = polygon_log_radii(np.stack([square, 2 * square]))
    np.testing.assert_allclose(batch, np.log([radii, radii]))


def test_derivatives_by_vertices() -> None:
    vertices = drum(6, 0.7, 4).outline()[:-1]
    step = 1e-5
    for k in range(vertices.size):
        moved = np.array([vertices, vertices])
        moved.reshape(2, -1)[:, k] += step, -step
        by_size = (log_size(moved[0]) - log_size(moved[1])) / (2 * step)
        assert size_by_vertices(vertices)[k] == pytest.approx(float(by_size), abs=1e-6)
        by_radii = (polygon_log_radii(moved[0]) - polygon_log_radii(moved[1])) / (2 * step)
        np.testing.assert_allclose(radii_by_vertices(vertices)[:, k], by_radii, atol=2e-3)


def test_simplified_outlines_keep_their_corners() -> None:
    vertices = drum(5, 1.0, 2).outline()[:-1]
    walls = np.linspace(vertices, np.roll(vertices, -1, axis=0), 4, endpoint=False)
    points = walls.transpose(1, 0, 2).reshape(-1, 2)
    np.testing.assert_allclose(simplified(points, 5), vertices)


def test_no_drum_is_narrower_than_can_be_told() -> None:
    vertices = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.01], [0.0, 1.0]])
    assert drum_of(vertices) is None
    assert drum_of(vertices[[0, 2, 1, 4]]) is None
    assert drum_of(vertices[[0, 1, 2, 4]]) is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sound": np.zeros(1000)}, "silent"),
        ({"sound": np.ones((2, 1000))}, "mono"),
        ({"sound": np.full(1000, np.nan)}, "not a finite number"),
        ({"sample_rate": 0.0}, "sample_rate must be above 0"),
        ({"outline": [0.0] * 63}, "outline must be finite numbers of shape"),
        ({"outline": [np.nan] * 64}, "outline must be finite"),
        ({"drum_size": 0.0}, "drum_size must be above 0"),
        ({"size_spread": -1.0}, "size_spread must be above 0"),
        ({"outline_spread": 0.0}, "outline_spread must be above 0"),
        ({"wave_speed": 0.0}, "wave_speed must be above 0"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "sound": np.random.default_rng(0).standard_normal(1000),
        "sample_rate": 8000.0,
        "outline": np.zeros(64),
        "drum_size": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        refine_outline(**arguments | changes)
