"""Physics of drums, for people who study them: how they vibrate, mode by mode."""

from .circle import (
    besselJ,
    besselJZero,
    circular_pair_products,
    circularAmplitudes,
    circularChladniPattern,
    circularSeries,
)

__all__ = [
    "besselJ",
    "besselJZero",
    "circularAmplitudes",
    "circularChladniPattern",
    "circularSeries",
    "circular_pair_products",
]
