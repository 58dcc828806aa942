"""What a training refuses before it begins."""

from pathlib import Path

import pytest

from models_of_users import Linear
from routines_of_users import files, ready, squared


def test_a_model_without_an_optimiser_is_refused_before_it_learns(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    del routine.M.optimiser
    with pytest.raises(ValueError, match=r"Linear has no optimiser.*self\.optimiser"):
        routine.train(squared(routine))
    assert files(routine) == []
    routine.M = Linear(**routine.P)
    routine.train(squared(routine))
    assert len(routine.history) == 3
