"""Every public kind of shape, for the tests that hold for all of them."""

import inspect

import numpy as np

from kac_prediction import geometry
from kac_prediction.geometry import Polygon, Shape

TRIANGLE = [(0.0, 0.0), (3.0, 0.0), (1.0, 2.0)]
KINDS = sorted(
    (
        kind
        for kind in (getattr(geometry, name) for name in geometry.__all__)
        if inspect.isclass(kind) and issubclass(kind, Shape) and kind is not Shape
    ),
    key=lambda kind: kind.__name__,
)


def drawn(kind: type[Shape], seed: int = 1) -> Shape:
    """Draw a shape of this kind; a polygon, of which nothing is drawn, is always one triangle."""
    settings = {"vertices": TRIANGLE} if kind is Polygon else {}
    return kind(**settings, rng=np.random.default_rng(seed))
