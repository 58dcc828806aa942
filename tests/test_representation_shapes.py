"""InputRepresentation: the shape of what it makes, and rows that stay silent."""

import logging

import numpy as np
import pytest

from kac_prediction import _core
from kac_prediction.dataset import InputRepresentation

CROWDED = {"output_type": "mel", "n_mels": 80, "normalise_input": False}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


class TestTransformShape:
    @pytest.mark.parametrize(
        ("settings", "shape"),
        [
            ({}, (48_000,)),
            ({"output_type": "fft"}, (257, 188)),
            ({"output_type": "mel"}, (32, 188)),
            ({"output_type": "fft", "n_bins": 513, "hop_length": 100}, (257, 480)),
            ({"output_type": "mel", "n_mels": 40, "hop_length": 50_000}, (40, 1)),
        ],
    )
    def test_known_shapes(self, settings, shape):
        assert InputRepresentation.transformShape(48_000, settings) == shape

    @pytest.mark.parametrize(
        ("length", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError)]
    )
    def test_refuses_a_bad_length(self, length, error):
        with pytest.raises(error, match="data_length"):
            InputRepresentation.transformShape(length, {})

    @pytest.mark.parametrize("n_bins", [1, 2, 3, 64, 65, 513])
    @pytest.mark.parametrize("hop", [1, 7, 256])
    def test_frames_are_those_of_the_core(self, n_bins, hop):
        plan = _core.Spectrogram(n_bins, 1, hop)
        settings = {"n_bins": n_bins, "window_length": 1, "hop_length": hop, "output_type": "fft"}
        for length in (n_bins // 2 + 1, n_bins // 2 + 2, 300, 301, 5000):
            shape = InputRepresentation.transformShape(length, settings)
            assert shape == (plan.rows, plan.frames(length))

    def test_refuses_bad_settings(self):
        with pytest.raises(ValueError, match="unknown representation setting 'bins'"):
            InputRepresentation.transformShape(100, {"bins": 3})


class TestSilentFilters:
    def test_are_named_once(self, caplog):
        representation = InputRepresentation(48_000, CROWDED)
        rows = representation.transform(noise(2, 2000)).numpy().any(axis=(0, 2))
        silent = np.flatnonzero(~rows).tolist()
        assert len(caplog.records) == 1
        record = caplog.records[0]
        assert (record.levelno, record.name) == (
            logging.WARNING,
            "kac_prediction.dataset.representation",
        )
        assert f"{len(silent)} of 80 mel filters" in record.message
        assert f"({', '.join(map(str, silent))})" in record.message
        assert "fewer n_mels" in record.message
        assert "more n_bins" in record.message

    def test_are_not_all_named_where_they_are_many(self, caplog):
        InputRepresentation(48_000, {**CROWDED, "n_mels": 500})
        assert ", ...)" in caplog.records[0].message
        assert len(caplog.records[0].message) < 300

    @pytest.mark.parametrize(
        "settings", [{"output_type": "mel"}, {"output_type": "fft", "n_mels": 500}, {}]
    )
    def test_nothing_is_said_where_there_are_none(self, settings, caplog):
        InputRepresentation(48_000, settings)
        assert not caplog.records
