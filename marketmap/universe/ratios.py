"""The clean ratios at which units are exchanged: 3:2, 2:1, 1:10, 1:1000 ..."""

import numpy as np

CLEAN_RATIOS = (
    *(1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0),
    *(1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12),
)
"""What units are exchanged at, or its inverse. Smaller ones drown in ordinary moves."""

_LOG_RATIOS = np.log(CLEAN_RATIOS)
_SPACING = np.minimum(np.diff(_LOG_RATIOS, append=np.inf), np.diff(_LOG_RATIOS, prepend=-np.inf))


def clean_ratio(size: float, tolerance: float) -> float | None:
    """Return the clean ratio (2, 3/2, 1000, 1/10 ...) next to a logarithm, within a tolerance.

    The tolerance is cut to a sixth of the distance to the next ratio, so that a match says
    something.
    """
    at = int(np.argmin(np.abs(_LOG_RATIOS - abs(size))))
    if abs(_LOG_RATIOS[at] - abs(size)) > min(tolerance, _SPACING[at] / 6):
        return None
    ratio = float(CLEAN_RATIOS[at])
    return ratio if size > 0 else 1.0 / ratio
