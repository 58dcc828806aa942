"""MixedModel: circles, rectangles and polygons, all simulated by one solver."""

from typing import ClassVar

import numpy as np

from .._checks import check_choice
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..geometry import Circle, ConvexPolygon, Polygon, Shape, UnitRectangle
from .drum import DENSITY, TENSION, Drum, DrumSettings, Precision
from .fdtd_model import FDTDModel
from .intervals import NumberOrRange, as_interval, draw_between
from .shapes import FAMILIES, ShapeSource, elongation


class MixedModel(FDTDModel):
    """A drum of one of several families of shapes, simulated on a grid as `FDTDModel` does.

    Each drum is a circle, a rectangle or a convex polygon, each as likely. Were each of them made
    by the solver that is best for it, one could tell them apart without hearing any shape: a sum
    of 100 modes ends at some frequency, a simulation does not. Of 150 circles by `BesselModel` and
    150 by this, in the first 21 ms of each, the share of the energy above 14.4 kHz tells which is
    which without an error; of rectangles, in 99 %.

    The label `family` is 0, 1 or 2 in that order, and `aspect_ratio` is that of the rectangle of
    the same principal second moments of area: 1 for a circle, the sides' for a rectangle, and how
    elongated it is for a polygon. `vertices` and `N` are as in `FDTDModel`; of a circle, nothing
    but zeros and 0.

    `Drum` documents the arguments that all drums share.

    Args:
        family: "circle", "rectangle" or "polygon"; "": drawn for each drum.
        aspect_ratio: of the rectangles alone, the longer side over the shorter; a number, or a
            range to draw it from.
        strike_width: diameter of the strike in metres.

    Example:
        >>> from kac_prediction.samplers import MixedModel
        >>> drum = MixedModel(duration=1.0, sample_rate=48000, family="rectangle")
        >>> drum.generateWaveform()
        >>> drum.export("mixed.wav")
    """

    fixed: ClassVar[frozenset[str]] = Drum.fixed | {"aspect_ratio", "family", "strike_width"}

    class Settings(DrumSettings, total=False):
        """The parameters of a drum of one of several families."""

        aspect_ratio: NumberOrRange
        family: str
        strike_width: float

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        family: str = "",
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        material_density: float = DENSITY,
        tension: float = TENSION,
        drum_size: NumberOrRange = (0.1, 1.0),
        aspect_ratio: NumberOrRange = (1.0, 4.0),
        strike_width: float = 0.01,
        precision: Precision = "double",
    ) -> None:
        # FDTDModel's own constructor is for one kind of shape.
        Drum.__init__(self, **classLocalsToKwargs(locals()))
        self.family, self.aspect_ratio = family, aspect_ratio
        self._set_up(_FamilySource(family, aspect_ratio), strike_width)


class _FamilySource(ShapeSource):
    """Draws shapes of any of the families."""

    def __init__(self, family: str, aspect_ratio: NumberOrRange) -> None:
        super().__init__(ConvexPolygon, None)  # its labels have the most vertices
        self._family = family if family == "" else check_choice("family", family, FAMILIES)
        self._ratios = as_interval("aspect_ratio", aspect_ratio)
        if not self._ratios[0] >= 1:
            raise ValueError(
                "aspect_ratio, the longer side over the shorter, must be at least 1, got "
                f"{aspect_ratio!r}"
            )

    def _of_any_size(self, rng: np.random.Generator) -> Shape:
        family = self._family or FAMILIES[rng.integers(len(FAMILIES))]
        if family == "circle":
            return Circle(1.0)
        if family == "rectangle":
            return UnitRectangle(draw_between(rng, self._ratios))
        return super()._of_any_size(rng)

    def labels(self, shape: Shape) -> Labels:
        """Return the family, how elongated the shape is, and its vertices."""
        if isinstance(shape, Polygon):
            known = super().labels(shape)
            vertices, corners, ratio = known["vertices"], shape.N(), elongation(shape)
            family = "rectangle" if isinstance(shape, UnitRectangle) else "polygon"
        else:
            vertices, corners, ratio = [0.0] * 2 * self.most_vertices, 0, 1.0
            family = "circle"
        return {
            "N": [corners],
            "aspect_ratio": [ratio],
            "family": [FAMILIES.index(family)],
            "vertices": vertices,
        }
