"""The sparse inverse covariance: which assets move together when all others are held still."""

from marketmap.precision.fit import PrecisionFit, fit_precision

__all__ = ["PrecisionFit", "fit_precision"]
