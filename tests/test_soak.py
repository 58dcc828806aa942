"""The program of `bin/soak`, which works for hours: a round of it, and it sees what is wrong."""

from functools import wraps
from pathlib import Path

import pytest

import soak
from kac_prediction.samplers import BesselModel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="it counts what Linux shows"),
]


def test_a_round_ends_as_without_interruptions_and_what_is_left_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "SAMPLERS", (BesselModel,))
    generate = soak.Place.generate

    @wraps(generate)
    def untidy(self: soak.Place) -> None:
        generate(self)
        (self.data / ".staging").mkdir(exist_ok=True)

    with soak.ready():
        work = soak.Soak(tmp_path, seed=0)
        work.round()
        monkeypatch.setattr(soak.Place, "generate", untidy)
        with pytest.raises(soak.WrongError, match=r"generate has left other files: .*\.staging"):
            work.round()
    assert str(work).startswith("1 rounds: ")
