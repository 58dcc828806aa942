"""What refinement begins with and what it returns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """An estimate to begin with.

    Attributes:
        family: "circle", "ellipse", "rectangle" or "triangle", the families that can be fitted;
            "polygon" or "star", of which only the size is taken, for a hint.
        drum_size: square root of the area, metres.
        aspect_ratio: the longer axis or side over the shorter.
        size_spread: Laplace scale of the error of the logarithm of the size.
        aspect_spread: the same of the aspect ratio.
    """

    family: str
    drum_size: float
    aspect_ratio: float = 1.0
    size_spread: float = 0.01
    aspect_spread: float = 0.02


@dataclass(frozen=True)
class Fit:
    """A drum fitted to a sound.

    Attributes:
        family: "circle", "ellipse", "rectangle" or "triangle".
        drum_size: square root of the area, metres.
        aspect_ratio: the longer axis or side over the shorter; 1 for circles and triangles.
        decay_time: T60 at low frequencies, seconds.
        size_deviation: standard deviation of the logarithm of the size.
        aspect_deviation: the same of the aspect ratio; 0 where it is 1 by definition.
        explained: share of the power in the band that the partials explain, 0 to 1.
        confirmed: the same share of what the strongest partials leave, of which one for each
            dimension of the drum is set aside: a drum of some size has any one given partial, so
            that a sine is explained, but not confirmed.
        score: log evidence less half the logarithm of the number of data for each parameter,
            comparable between the fits of one sound.
    """

    family: str
    drum_size: float
    aspect_ratio: float
    decay_time: float
    size_deviation: float
    aspect_deviation: float
    explained: float
    confirmed: float
    score: float
