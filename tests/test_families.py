from typing import get_args

from kac_prediction.samplers import BesselModel, Datasets, PoissonModel
from kac_prediction.samplers.families import FAMILIES


def test_every_published_name_is_known() -> None:
    assert set(FAMILIES) == set(get_args(Datasets))


def test_names_say_their_size() -> None:
    for name, family in FAMILIES.items():
        assert int(name.split("-")[0]) == family.size
        assert family.doi == "10.5281/zenodo.7274474"


def test_settings_make_the_sampler() -> None:
    found = {name: family for name, family in FAMILIES.items() if family.sampler is not None}
    assert found["5000-circular-drums-of-varying-size"].sampler is BesselModel
    assert found["5000-rectangular-drums-of-varying-dimension"].sampler is PoissonModel
    for family in found.values():
        assert family.sampler.__name__ == family.sampler_name
        sampler = family.sampler(**family.settings)
        assert (sampler.duration, sampler.sample_rate) == (1.0, 48000)
