"""The shapes of drums, true and heard, to be drawn."""

import numpy as np

from ..geometry import Circle, Polygon, RegularPolygon, Shape, UnitRectangle
from ..samplers.shapes import FAMILIES, elongation, second_moments
from .drums import Drums
from .errors import Numbers
from .task import Task

_SIZES, _RATIOS = (1e-3, 50.0), (1.0, 50.0)  # a network may answer with what no drum is


def true_shape(task: Task, drums: Drums, i: int) -> Shape:
    """The shape of drum `i` of a dataset, at its size in metres."""
    labels = drums.labels[i]
    size = float(labels["drum_size"][0])
    family = task.family or FAMILIES[int(labels["family"][0])]
    if family == "polygon":
        corners = int(labels["N"][0])
        return _sized(Polygon(labels["vertices"].reshape(-1, 2)[:corners].numpy()), size)
    return _of_family(family, size, float(labels.get("aspect_ratio", [1.0])[0]))


def heard_shape(task: Task, predicted: Numbers, i: int, true: Shape) -> Shape:
    """The shape that was heard in sound `i` of those that were predicted.

    Of a polygon, size and elongation are heard: it is drawn as the true one, if that is a polygon,
    made as large and as long as it was heard; else as a hexagon.
    """
    size = float(np.clip(predicted["drum_size"][i], *_SIZES))
    ratio = (
        float(np.clip(predicted["aspect_ratio"][i], *_RATIOS))
        if "aspect_ratio" in predicted
        else 1.0
    )
    family = task.family or FAMILIES[int(predicted["family"][i])]
    if family == "polygon":
        outline = true if isinstance(true, Polygon) else RegularPolygon(6)
        return _sized(_stretched(outline, ratio), size)
    return _of_family(family, size, ratio)


def _of_family(family: str, size: float, ratio: float) -> Shape:
    """A circle, or a rectangle, the longer side along x."""
    return Circle.of_size(size) if family == "circle" else _sized(UnitRectangle(ratio), size)


def _stretched(polygon: Polygon, ratio: float) -> Polygon:
    """A polygon made longer along its longer principal axis, until its elongation is `ratio`.

    Lengths times k along one axis and over k along the other multiply the elongation by k^2.
    """
    _, axes = np.linalg.eigh(second_moments(polygon))
    factor = np.sqrt(ratio / elongation(polygon))
    scaling = axes @ np.diag([1 / factor, factor]) @ axes.T
    centroid = np.array(polygon.centroid)
    return Polygon((polygon.vertices - centroid) @ scaling + centroid)


def _sized(shape: Shape, size: float) -> Shape:
    shape.area = size * size
    return shape
