"""Sounds with their labels, and the shapes of the drums that made them."""

from dataclasses import dataclass

import numpy as np
import torch

from .._arrays import Float64
from ..dataset.labels import LabelTensors
from ..geometry import Polygon, RegularPolygon, Shape
from ..geometry.families import shape_of
from ..geometry.radii import points_at
from ..samplers.shapes import FAMILIES, elongation, second_moments
from .report import Values

# A network may predict what no drum can be.
_SIZES, _RATIOS, _LONGEST = (1e-3, 50.0), (1.0, 50.0), 4.0


@dataclass(frozen=True)
class LabelledSounds:
    """A dataset of raw sounds, as it is before a model's input is made of them."""

    waveforms: torch.Tensor  # shape (n, samples)
    labels: LabelTensors  # one dictionary a sound, in the conventions of this package
    sample_rate: int  # Hz
    wave_speed: float  # of the membranes, m/s
    family: str = ""  # of all drums; '': that of the label `family`
    families: tuple[str, ...] = FAMILIES  # that the label `family` counts

    def values(self, label: str, size: int = 1) -> Float64:
        """Return the first number of a label of every sound, shape (n,), or so many, (n, size)."""
        if size > 1:
            return np.array([y[label][:size].numpy() for y in self.labels], np.float64)
        return np.array([float(y[label][0]) for y in self.labels])

    @property
    def have_shapes(self) -> bool:
        """Whether it is known which shapes the drums have."""
        known = self.labels[0].keys() if len(self.labels) else set()
        return bool(self.family) or not {"family", "outline"}.isdisjoint(known)

    def true_shape(self, i: int) -> Shape:
        """Return the shape of the drum of sound i, at its size in metres."""
        labels = self.labels[i]
        if "outline" in labels:
            return outlined(labels["outline"].numpy(), float(labels["drum_size"][0]))
        family = self.family or self.families[int(labels["family"][0])]
        area = float(labels["drum_size"][0]) ** 2
        if family != "polygon":
            return shape_of(family, float(labels.get("aspect_ratio", [1.0])[0]), area)
        polygon = Polygon(labels["vertices"].reshape(-1, 2)[: int(labels["N"][0])].numpy())
        polygon.area = area
        return polygon

    def predicted_shape(self, i: int, predicted: Values, k: int) -> Shape:
        """Return the shape predicted for sound i, of which `predicted` has the k-th values.

        It has the outline predicted; where there is none, and size and elongation of a polygon are,
        it is the true one, if that is a polygon, else a hexagon, stretched and resized.
        """
        size = float(np.clip(predicted["drum_size"][k], *_SIZES))
        if "outline" in predicted:
            return outlined(predicted["outline"][k], size)
        family = self.family or self.families[int(predicted["family"][k])]
        ratio = 1.0
        if "aspect_ratio" in predicted:
            ratio = float(np.clip(predicted["aspect_ratio"][k], *_RATIOS))
        if family != "polygon":
            return shape_of(family, ratio, size * size)
        true = self.true_shape(i)
        polygon = true if isinstance(true, Polygon) else RegularPolygon(6)
        # Lengths times k along one axis and over k along the other multiply the elongation by k^2.
        _, axes = np.linalg.eigh(second_moments(polygon))
        factor = np.sqrt(ratio / elongation(polygon))
        scaling = axes @ np.diag([1 / factor, factor]) @ axes.T
        centroid = np.array(polygon.centroid)
        stretched = Polygon((polygon.vertices - centroid) @ scaling + centroid)
        stretched.area = size * size
        return stretched


def outlined(log_radii: Float64, size: float) -> Polygon:
    """Return the drum of so many logarithms of radii about the origin, of area size^2."""
    # Within what a polygon of floating-point numbers can be.
    polygon = Polygon(points_at(np.clip(log_radii - log_radii.mean(), -_LONGEST, _LONGEST)))
    polygon.area = size * size
    return polygon
