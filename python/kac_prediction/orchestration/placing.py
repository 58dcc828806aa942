"""Where a drum is struck and heard, from the amplitudes of its partials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from .._arrays import Float64
from .fitting import Amplitudes
from .vibration import Vibration

_TRIED: Final = 40  # places of the pick-up, of those of a strike
_TOGETHER: Final = 4  # strikes that the pick-up is found from
_CLIMBS, _NEAR = 4, 0.1  # places that are climbed from, and apart, of the drum's extent
_STEPS: Final = 15  # evaluations of a fit, at most
_DIFFERENCE, _SCALE = 1e-6, 0.1  # of places: for slopes, and of a step
_RIM: Final = 1e-3  # no place comes nearer, in relative coordinates


@dataclass(frozen=True, eq=False)
class Placed:
    """A strike that is placed.

    Attributes:
        point: where it falls, in the coordinates of the vibration.
        weight: factor of the sum over w_k exp(-sigma t) sin(omega_k t) / omega_k.
        left: share of the energy that it leaves.
        pick_up: where the drum is heard, for which that is so.
    """

    point: Float64
    weight: float
    left: float
    pick_up: Float64


@dataclass(frozen=True, eq=False)
class Struck:
    """The sound of a strike, ready to be placed: k sines from its first sample on.

    Attributes:
        omega: of the sines, 1/s, ascending, shape (k,).
        energy: of the sound.
        gram: inner products of the damped sines, shape (k, k).
        heard: their products with the sound, shape (k,).
        least: share of the energy that sines of any amplitudes leave.
    """

    omega: Float64
    energy: float
    gram: Float64
    heard: Float64
    least: float

    @classmethod
    def of(cls, sound: Amplitudes) -> "Struck":
        """Return a sound that begins with the strike."""
        least = 1 - sound.explained() / max(sound.energy, 1e-300)
        return cls(sound.rates.imag, sound.energy, *sound.sines(0.0), least)

    def explained(self, patterns: Float64) -> Float64:
        """Return the energy that patterns of amplitudes explain, shape (patterns,)."""
        along = patterns @ self.heard
        norm = np.einsum("pk,pk->p", patterns @ self.gram, patterns)
        return np.asarray(np.where(norm > 0, along**2 / np.where(norm > 0, norm, 1), 0.0))


def find_pick_up(vibration: Vibration, strikes: Sequence[Struck], width: float) -> Float64:
    """Return where a drum is heard, from strikes on it; up to what no sound tells."""
    several = sorted(strikes, key=lambda each: -each.energy)[:_TOGETHER]
    tried = _some(vibration)
    places = vibration.at(tried)
    struck = vibration.struck(width)
    scores = np.zeros(len(tried))
    best = np.zeros((len(several), len(tried)), np.int64)
    for i, each in enumerate(several):
        omega, k = each.omega, len(each.omega)
        for j, place in enumerate(places):
            patterns = (struck[:, :, :k] * place[:, :k]).sum(axis=1) / omega
            explained = each.explained(patterns)
            best[i, j] = int(np.argmax(explained))
            scores[j] += explained[best[i, j]]
    starts = _distinct(tried, scores)
    fit, climbed = _Fit(vibration, several, width, None), []
    for j in starts:
        begun = np.array([_free(each) for each in (tried[j], *vibration.points[best[:, j]])])
        places, left = fit.least(begun)
        climbed.append((left, _heard_at(vibration, places[0], tried[j])))
    return min(climbed, key=lambda found: found[0])[1]


def refine_pick_up(
    vibration: Vibration,
    pick_up: Float64,
    strikes: Sequence[Struck],
    points: Sequence[Float64],
    width: float,
) -> Float64:
    """Return where a drum is heard, from strikes at points about which that is nearly known."""
    begun = np.array([_free(each) for each in (pick_up, *points)])
    places, _ = _Fit(vibration, strikes, width, None).least(begun)
    return _heard_at(vibration, places[0], pick_up)


def _heard_at(vibration: Vibration, free: Float64, start: Float64) -> Float64:
    """Return where a drum is heard, for which a fit has moved two numbers from a start.

    From the place on a circle the angles of strikes are counted.
    """
    point = _kept(vibration, _whole(vibration, free), start)
    return np.array([point[0], 0.0]) if vibration.family == "circle" else point


def _distinct(points: Float64, scores: Float64) -> list[int]:
    """Return the indices of the best points, of which none lies near a better one."""
    chosen: list[int] = []
    near = _NEAR * np.ptp(points, axis=0).max()
    for j in np.argsort(-scores, kind="stable").tolist():
        if all(np.abs(points[j] - points[k]).max() > near for k in chosen):
            chosen.append(j)
        if len(chosen) == _CLIMBS:
            break
    return chosen


def place(vibration: Vibration, pick_up: Float64, strike: Struck, width: float) -> Placed:
    """Return where a strike falls on a drum that is heard at a point."""
    omega, k = strike.omega, len(strike.omega)
    # The angles of the points that are tried on a circle are counted from where it is heard.
    turned = np.array([0.0, pick_up[1]]) if vibration.family == "circle" else np.zeros(1)
    heard = vibration.at((pick_up - turned)[None])[0, :, :k] / omega
    struck = vibration.struck(width)
    patterns = (struck[:, :, :k] * heard).sum(axis=1)
    start = vibration.points[int(np.argmax(strike.explained(patterns)))] + turned
    places, _ = _Fit(vibration, [strike], width, pick_up).least(_free(start)[None])
    point = _kept(vibration, _whole(vibration, places[0]), start)
    return _placed_at(vibration, pick_up, strike, point, width)


def _placed_at(
    vibration: Vibration, pick_up: Float64, strike: Struck, point: Float64, width: float
) -> Placed:
    """Return a strike at a point."""
    omega, k = strike.omega, len(strike.omega)
    heard = vibration.at(pick_up[None])[0, :, :k] / omega
    pattern = (vibration.at(point[None], width)[0, :, :k] * heard).sum(axis=0)
    norm = float(pattern @ strike.gram @ pattern)
    weight = float(pattern @ strike.heard) / norm if norm > 0 else 0.0
    left = 1 - weight * float(pattern @ strike.heard) / max(strike.energy, 1e-300)
    return Placed(point, weight, left, pick_up)


def _some(vibration: Vibration) -> Float64:
    """Return the places that are tried for the pick-up."""
    points = vibration.points
    if vibration.family == "circle":  # the strike's angle is counted from it
        return np.stack([np.linspace(0.04, 0.97, _TRIED), np.zeros(_TRIED)], axis=1)
    return points[:: max(1, len(points) // (3 * _TRIED))]


def _whitened(strike: Struck) -> tuple[Float64, Float64]:
    """Return root and offset, so that |root a - offset|^2 is what amplitudes a leave, shifted."""
    values, vectors = np.linalg.eigh(strike.gram)
    floor = values[-1] * 1e-12
    root = np.sqrt(np.maximum(values, floor))
    return root[:, None] * vectors.T, (vectors.T @ strike.heard) / root


class _Fit:
    """Strikes on a drum whose places move, and perhaps that where it is heard.

    What they leave, with the best weight of each, and its slopes, by differences of the
    eigenfunctions.
    """

    def __init__(
        self, vibration: Vibration, strikes: Sequence[Struck], width: float, pick_up: Float64 | None
    ) -> None:
        self.vibration, self.width, self.pick_up = vibration, width, pick_up
        self.whitened = [(*_whitened(each), each.omega) for each in strikes]
        self.low, self.high = _bounds(vibration)

    def least(self, start: Float64) -> tuple[Float64, float]:
        """Return the places near a start that leave least, shape (places, 2), and what that is."""
        bounds = np.tile(self.low, len(start)), np.tile(self.high, len(start))
        inside = np.clip(start.ravel(), bounds[0] + 1e-9, bounds[1] - 1e-9)
        found = least_squares(
            self._left,
            inside,
            self._slopes,
            bounds=bounds,
            max_nfev=_STEPS,
            x_scale=_SCALE,
            gtol=None,  # not relative: faint sounds would stay where they started
        )
        return np.asarray(found.x).reshape(-1, 2), 2 * float(found.cost)

    def _functions(self, places: Float64) -> tuple[Float64, Float64]:
        """Return the eigenfunctions where the drum is heard, and where it is struck."""
        points = np.array([_whole(self.vibration, each) for each in places])
        if self.pick_up is not None:
            heard = self.vibration.at(self.pick_up[None])[0]
            return heard, self.vibration.at(points, self.width)
        return self.vibration.at(points[:1])[0], self.vibration.at(points[1:], self.width)

    def _left(self, free: Float64) -> Float64:
        heard, struck = self._functions(free.reshape(-1, 2))
        rests = []
        for functions, (root, offset, omega) in zip(struck, self.whitened, strict=True):
            k = len(omega)
            pattern = root @ ((functions[:, :k] * heard[:, :k]).sum(axis=0) / omega)
            rests.append(offset - pattern * _weight(pattern, offset))
        return np.concatenate(rests)

    def _slopes(self, free: Float64) -> Float64:
        places = free.reshape(-1, 2)
        heard, struck = self._functions(places)
        moved = [self._functions(places + _DIFFERENCE * each) for each in np.eye(2)]
        blocks: list[Float64] = []
        first = 0 if self.pick_up is not None else 1
        for i, (root, offset, omega) in enumerate(self.whitened):
            k = len(omega)
            pattern = root @ ((struck[i, :, :k] * heard[:, :k]).sum(axis=0) / omega)
            block = np.zeros((len(offset), len(free)))
            for axis, (heard_moved, struck_moved) in enumerate(moved):
                turn = (struck_moved[i, :, :k] - struck[i, :, :k]) * heard[:, :k]
                column = root @ (turn.sum(axis=0) / omega) / _DIFFERENCE
                block[:, 2 * (first + i) + axis] = _slope(pattern, offset, column)
                if first:
                    turn = (heard_moved[:, :k] - heard[:, :k]) * struck[i, :, :k]
                    column = root @ (turn.sum(axis=0) / omega) / _DIFFERENCE
                    block[:, axis] = _slope(pattern, offset, column)
            blocks.append(block)
        return np.concatenate(blocks)


def _weight(pattern: Float64, offset: Float64) -> float:
    """Return the multiple of a pattern that leaves least."""
    norm = float(pattern @ pattern)
    return float(pattern @ offset) / norm if norm > 0 else 0.0


def _slope(pattern: Float64, offset: Float64, moved: Float64) -> Float64:
    """Return how what the best multiple of a pattern leaves changes as the pattern does."""
    norm, weight = float(pattern @ pattern), _weight(pattern, offset)
    if norm == 0:
        return np.zeros(len(pattern))
    change = (float(moved @ offset) - 2 * weight * float(moved @ pattern)) / norm
    return -moved * weight - pattern * change


def _kept(vibration: Vibration, point: Float64, start: Float64) -> Float64:
    """Return a point, drawn towards where it started until it lies inside."""
    for share in (1.0, 0.75, 0.5, 0.25):
        nearer = start + share * (point - start)
        if vibration.holds(nearer):
            return nearer
    return start


def _bounds(vibration: Vibration) -> tuple[Float64, Float64]:
    if vibration.family == "circle":
        return np.array([0.0, -10.0]), np.array([1 - _RIM, 10.0])
    if vibration.family in ("rectangle", "triangle"):
        return np.full(2, _RIM), np.full(2, 1 - _RIM)
    low, high = vibration.points.min(axis=0), vibration.points.max(axis=0)
    return low, high


def _free(point: Float64) -> Float64:
    """Return the two numbers that move."""
    return np.asarray(point[:2])


def _whole(vibration: Vibration, free: Float64) -> Float64:
    """Return a point, of a triangle with its third coordinate, kept inside."""
    if vibration.family != "triangle":
        return free
    u, v = free
    total = max(1.0, (u + v) / (1 - _RIM))
    u, v = u / total, v / total
    return np.array([u, v, max(1 - u - v, 0.0)])
