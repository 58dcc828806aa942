"""What a user gets wrong is named, in the words of the setting."""

from collections.abc import Callable

import numpy as np
import pytest

from kac_prediction.geometry import (
    Circle,
    Ellipse,
    RegularPolygon,
    weylCondition,
)
from kac_prediction.physics import (
    WaveEquationWaveform2D,
    besselJZero,
    circularSeries,
    drum_grid,
    eigenfrequencies,
    raisedCosine,
    rectangularAmplitudes,
    rectangularSeries,
)
from kac_prediction.samplers import (
    BesselModel,
    FDTDModel,
    LaméModel,
    MixedModel,
    PoissonModel,
    TestTone,
)

S = (0.1, 8000)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: BesselModel("1", 8000), TypeError, "duration must be a number, got '1'"),
        (lambda: BesselModel(0.1, None), TypeError, "sample_rate must be a number, got None"),
        (lambda: BesselModel(*S, tension="2000"), TypeError, "tension must be a number"),
        (lambda: PoissonModel(*S, decay_time=None), TypeError, "decay_time must be a number"),
        (lambda: LaméModel(*S, drum_size="big"), ValueError, "drum_size must be a finite number"),
        (
            lambda: BesselModel(*S, sample_location=((0.1, 0.2), 0.1)),
            ValueError,
            "must be 2 finite",
        ),
        (lambda: PoissonModel(*S, sample_location="here"), ValueError, "must be 2 finite"),
        (lambda: LaméModel(*S, sample_location=None), ValueError, "must be 3 finite"),
        (
            lambda: FDTDModel(*S, "Circle", sample_location=1.0),
            ValueError,
            r"\(x, y\) must be 2 finite",
        ),
        (lambda: FDTDModel(*S, "Circle", strike_width="1 cm"), TypeError, "strike_width must be a"),
        (lambda: FDTDModel(*S, Circle(0.2), shape_settings={"r": 1}), TypeError, "leave them out"),
        (lambda: FDTDModel(*S, "Circle", drum_size=None), ValueError, "drum_size must be given"),
        (lambda: BesselModel(*S).render([-1]), ValueError, "numbered from 0, got -1"),
        (lambda: BesselModel(*S).render([1.5]), TypeError, "float"),
        (lambda: BesselModel(*S).updateProperties("a"), TypeError, "i must be a whole number"),
        (lambda: Circle("a"), TypeError, "r must be a number, got 'a'"),
        (lambda: Ellipse("a"), TypeError, "major must be a number, got 'a'"),
        (lambda: Circle(1.0, centroid=3), ValueError, r"centroid \(x, y\) must be 2 finite number"),
        (lambda: eigenfrequencies("Circle", 3), TypeError, "shape must be a shape, such as Circle"),
        (lambda: eigenfrequencies(Circle, 3), TypeError, "shape must be a shape"),
        (lambda: weylCondition(Circle(1.0), 3), TypeError, "S_2 must be a shape"),
        (lambda: drum_grid("Circle", 0.1), TypeError, "shape must be a shape"),
        (lambda: drum_grid(Circle(1.0), "1 cm"), TypeError, "smallest_step must be a number"),
        (lambda: besselJZero("0", 1), TypeError, "n must be a number, got '0'"),
        (lambda: circularSeries(2.5, 1), TypeError, "N must be a whole number"),
        (lambda: circularSeries(1, 2.5), TypeError, "M must be a whole number"),
        (lambda: rectangularSeries(3, None, 1.0), TypeError, "M must be a whole number"),
        (lambda: rectangularAmplitudes("xy", 3, 3, 1.0), ValueError, "p must be 2 finite number"),
        (
            lambda: WaveEquationWaveform2D([9.0], [1.0], 0.0, 0.1, 2.5),
            TypeError,
            "T must be a whole",
        ),
        (
            lambda: WaveEquationWaveform2D([9.0], [1.0], "0", 0.1, 5),
            TypeError,
            "d must be a number",
        ),
        (
            lambda: WaveEquationWaveform2D([9.0], [1.0], 0.0, None, 5),
            TypeError,
            "k must be a number",
        ),
        (lambda: raisedCosine(9, "a"), ValueError, "mu must be 1 finite number"),
        (lambda: raisedCosine(9, 1.0, "wide"), TypeError, "sigma must be a number"),
        (lambda: TestTone(*S, "440"), TypeError, "f_0 must be a number, got '440'"),
        (lambda: MixedModel(*S, "cirle"), ValueError, "did you mean circle"),
        (lambda: RegularPolygon("5"), TypeError, "N must be a whole number, got '5'"),
        (lambda: Circle(1.0).draw(2.5), TypeError, "grid_size must be a whole number"),
        (lambda: Circle(1.0).isPointInside("here"), ValueError, "p must be points"),
    ],
)
def test_a_wrong_argument_is_named(
    wrong: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        wrong()


def test_numbers_of_numpy_are_numbers() -> None:
    drum = BesselModel(np.float32(0.125), np.int64(8000), drum_size=np.float32(0.5))
    assert drum.length == 1000
    assert Circle(np.int32(2), centroid=np.array([1.0, 2.0])).centroid == (1.0, 2.0)
