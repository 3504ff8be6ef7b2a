"""Places of small labels beside points, without overlaps as far as there is room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: millimetres from a point to the near edge of its label, tried in turn
_RADII = (1.3, 2.4, 3.8, 5.6, 7.8)
_DIRECTIONS = 16
#: cost of a label over another, over a point, beyond the frame, and of a millimetre of distance
_OVER_LABEL, _OVER_POINT, _OUTSIDE, _FAR = 40.0, 12.0, 400.0, 1.0
_POINT = 1.1


def label_places(
    points: Floats, sizes: Floats, box: tuple[float, float], others: Floats | None = None
) -> Floats:
    """Middles of the labels.

    Each label takes the cheapest of the places around its point; the points in the thick of others
    choose first, for they have least room.

    Args:
        points: (N, 2) in millimetres from the lower left corner of the frame.
        sizes: (N, 2) width and height of the labels in millimetres.
        box: width and height of the frame in millimetres.
        others: (M, 2) points without a label that are not to be covered either.

    Returns:
        (N, 2) in millimetres; the same for the same arguments.
    """
    count = len(points)
    places = np.zeros((count, 2))
    if not count:
        return places
    avoided = points if others is None else np.concatenate([points, others])
    distance = np.hypot(*(points[:, None] - avoided[None]).transpose(2, 0, 1))
    order = np.argsort(-(distance < 6.0).sum(1), kind="stable")
    placed: list[int] = []
    for at in order.tolist():
        tried = _candidates(points[at], sizes[at])
        cost = _FAR * np.hypot(*(tried - points[at]).T)
        cost += _OVER_POINT * _hits(tried, sizes[at], avoided, _POINT)
        if placed:
            wide = (sizes[at] + sizes[placed]) / 2
            gap = np.abs(tried[:, None] - places[placed][None])
            cost += _OVER_LABEL * (gap < wide).all(-1).sum(-1)
        beyond = (tried < sizes[at] / 2) | (tried > np.asarray(box) - sizes[at] / 2)
        cost += _OUTSIDE * beyond.any(-1)
        places[at] = tried[int(cost.argmin())]
        placed.append(at)
    return places


def _candidates(point: Floats, size: Floats) -> Floats:
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS + np.pi / 4
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = [point + rays * (radius + size / 2) for radius in _RADII]
    found: Floats = np.concatenate(rings)
    return found


def _hits(middles: Floats, size: Floats, points: Floats, around: float) -> NDArray[np.int64]:
    """How many points a label at each of the places would cover."""
    gap = np.abs(middles[:, None] - points[None])
    hits: NDArray[np.int64] = (gap < size / 2 + around / 2).all(-1).sum(-1)
    return hits
