import math

import pytest

from kac_prediction.pipeline import EarlyStopping


def stops_at(losses: list[float], patience: float) -> int | None:
    stopping = EarlyStopping(patience)
    return next((i for i, loss in enumerate(losses) if stopping.step(loss)), None)


def test_it_waits_for_an_improvement_as_long_as_it_was_told() -> None:
    losses = [5.0, 4.0, 4.5, 4.1, 3.9, 3.9, 4.0, 5.0, 1.0]
    assert stops_at(losses, 1) == 2
    assert stops_at(losses, 3) == 7
    assert stops_at(losses, 4) is None


def test_it_never_stops_while_the_loss_falls() -> None:
    assert stops_at([1 / n for n in range(1, 100)], 1) is None


def test_infinite_patience_never_stops() -> None:
    assert stops_at([1.0] * 100, math.inf) is None


def test_it_tells_improvements() -> None:
    stopping = EarlyStopping(2)
    improved = []
    for loss in [3.0, 3.0, 2.0]:
        stopping.step(loss)
        improved.append(stopping.improved)
    assert improved == [True, False, True]
    assert stopping.best == 2.0


def test_no_patience_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 epoch, not 0"):
        EarlyStopping(0)
