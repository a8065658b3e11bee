"""Positions that can be read: the embedding's own, turned, evened out and pushed apart.

A locally linear embedding often puts most assets on a few spots and the rest on long arms; where
the graph of neighbours falls apart, a whole group lands on one point. Drawn as it is, nothing can
be read. The page shows the exact positions too, and says which ones it shows.
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.float64]

GOLDEN = np.pi * (3 - np.sqrt(5))  # an angle that never repeats a direction
# Distances below this share of the widest axis are rounding errors of the eigenvectors.
SAME = 1e-6
ROOM = 0.45  # of the distance in an even grid
MANY = 50  # fewer assets need no more room than so many


def spread_out(
    positions: Positions,
    groups: npt.NDArray[np.int64],
    box: tuple[float, ...],
    rounds: int = 400,
) -> Positions:
    """Lay positions out in a box so that they do not lie on each other.

    Three steps. The axes are turned to the directions in which the assets lie widest, which changes
    no distance. Each coordinate is moved halfway to its rank, so that neither arms nor knots take
    all the room. Points that still overlap push each other apart; those on one spot, among which
    the embedding tells no difference, part by group. Neighbours stay neighbours; distances are no
    longer to scale.

    Parameters
    ----------
    positions : ndarray of shape (n_assets, n_dimensions)
    groups : ndarray of shape (n_assets,)
        The assets' clusters.
    box : tuple of n_dimensions floats
        The room, in any unit; pushing may leave it by a little.
    rounds : int
        How often everything is pushed at most.

    Returns
    -------
    ndarray of shape (n_assets, n_dimensions)
    """
    turned = principal_axes(positions)
    even = (_unit(turned) + _unit(_ranks(turned))) / 2.0
    distance = comfortable_distance(box, len(positions))
    return _push_apart(_start_apart(even * np.asarray(box), groups, distance), distance, rounds)


def comfortable_distance(box: tuple[float, ...], n_assets: int) -> float:
    """Return how far points can keep from each other: a part of what an even grid would give."""
    return ROOM * math.pow(math.prod(box) / max(n_assets, MANY), 1 / len(box))


def principal_axes(positions: Positions) -> Positions:
    """Turn positions so that the first axis is the widest; distances stay as they are."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    # A direction is open up to its sign: the longest arm points up.
    turned = centred @ axes.T
    longest = turned[np.abs(turned).argmax(axis=0), np.arange(turned.shape[1])]
    return np.asarray(turned * np.where(longest < 0, -1.0, 1.0), dtype=np.float64)


def _unit(values: Positions) -> Positions:
    width = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(width > 0, width, 1.0)
    return np.asarray(np.where(width > 0, scaled, 0.5), dtype=np.float64)


def _ranks(values: Positions) -> Positions:
    step = SAME * max(float(np.ptp(values, axis=0).max()), np.finfo(float).tiny)
    return pd.DataFrame(np.round(values / step)).rank().to_numpy()


def _start_apart(points: Positions, groups: npt.NDArray[np.int64], distance: float) -> Positions:
    """Part points on one spot, those of a group in one direction: pushing needs a direction."""
    n_dimensions = points.shape[1]
    gaps = np.sqrt(((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    on_one_spot = gaps.min(axis=1, initial=np.inf) < 0.01 * distance
    _, group = np.unique(groups, return_inverse=True)
    among_groups = _directions(int(group.max()) + 1, n_dimensions)[group]
    apart = among_groups + 0.05 * _directions(len(points), n_dimensions)
    return points + distance * np.where(on_one_spot[:, None], apart, 0.0)


def _directions(count: int, n_dimensions: int) -> Positions:
    """Spread directions evenly over a circle or, by Fibonacci's lattice, over a sphere."""
    turn = np.arange(count) * GOLDEN
    flat = np.column_stack([np.cos(turn), np.sin(turn)])
    if n_dimensions == 2:
        return flat
    height = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    return np.column_stack([flat * np.sqrt(1.0 - height**2)[:, None], height])


def _push_apart(points: Positions, distance: float, rounds: int) -> Positions:
    for _ in range(rounds):
        offsets = points[:, None, :] - points[None, :, :]
        gaps = np.sqrt((offsets**2).sum(axis=2))
        np.fill_diagonal(gaps, np.inf)
        overlap = np.clip(distance - gaps, 0.0, None)
        if overlap.max() < 0.01 * distance:
            break
        push = 0.25 * ((overlap / np.maximum(gaps, 1e-12))[:, :, None] * offsets).sum(axis=1)
        # Short steps: a knot of many points opens like a flower and does not burst.
        length = np.sqrt((push**2).sum(axis=1, keepdims=True))
        points = points + push * np.minimum(1.0, 0.1 * distance / np.maximum(length, 1e-12))
    return points
