"""Baselines: the mean predictor, and the classical estimator."""

import numpy as np
import torch

from .._arrays import Float64
from ..listening.classical import estimate, identify
from ..pipeline import ModelInput
from .report import Values
from .sounds import LabelledSounds


def mean_predictor(model_input: ModelInput, known: Values, count: int) -> Values:
    """Predict for every sound the mean of the training set; of a class, the most frequent.

    `known` holds the labels of the training set, shape (n,) each, n from 1. Predictions have the
    shape (count,). Of an outline, which may lie either way round, it is a circle.
    """
    predictions: Values = {}
    for label, values in known.items():
        if label in model_input.sizes:
            predictions[label] = np.zeros((count, model_input.sizes[label]))
        elif label in model_input.classes:
            most_frequent = np.bincount(values.astype(np.int64)).argmax()
            predictions[label] = np.full(count, float(most_frequent))
        else:
            predictions[label] = np.full(count, float(values.mean()))
    return predictions


def classical_estimator(
    sounds: LabelledSounds,
    chosen: torch.Tensor,
    length: int,
    sizes: Float64,
    fallback: Values,
) -> Values:
    """Predict by the estimator of `listening.classical`.

    Where the family of the drums is not known, it is identified too.

    Args:
        sounds: a dataset.
        chosen: indices of the sounds to predict, shape (n,), n from 1.
        length: samples to analyse.
        sizes: of the drums of the training set, metres, shape (m,), whose range is known.
        fallback: predictions for silent sounds; labels that cannot be estimated are left out.
    """
    waveforms = sounds.waveforms[chosen, :length].numpy()
    audible = np.abs(waveforms).max(axis=1) > 0
    if not audible.any():
        return {}
    medium = sounds.sample_rate, sounds.wave_speed
    ends = 0.99 * sizes.min(), 1.01 * sizes.max()
    if sounds.family:
        estimates = estimate(sounds.family, waveforms[audible], *medium, sizes=ends)
    else:
        families, estimates = identify(waveforms[audible], *medium, sizes=ends)
        index = np.array([sounds.families.index(name) for name in families], np.float64)
        estimates = {**estimates, "family": index}
    predictions = {label: values.copy() for label, values in fallback.items() if label in estimates}
    for label, values in predictions.items():
        values[audible] = estimates[label]
    return predictions
