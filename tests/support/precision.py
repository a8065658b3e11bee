"""Covariance matrices and checks for the graphical lasso."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Matrix = npt.NDArray[np.float64]


def draw_returns(n_days: int, n_assets: int, seed: int, market: float = 0.7) -> Matrix:
    """Draw returns with a common factor, groups of four, and an own scale an asset."""
    draw = np.random.default_rng(seed)
    groups = draw.normal(size=(n_days, -(-n_assets // 4))).repeat(4, axis=1)[:, :n_assets]
    own = draw.normal(size=(n_days, n_assets))
    scale = np.exp(draw.normal(scale=0.3, size=n_assets))
    values: Matrix = (market * draw.normal(size=(n_days, 1)) + 0.6 * groups + own) * scale
    return values


def covariance_of(returns: Matrix) -> Matrix:
    """Compute the covariance matrix of maximum likelihood."""
    return np.asarray(np.cov(returns, rowvar=False, bias=True))


@st.composite
def covariances(draw: st.DrawFn) -> Matrix:
    """Draw a covariance matrix of 2 to 12 assets, of full rank or not."""
    n_assets = draw(st.integers(2, 12))
    n_days = draw(st.integers(3, 60))
    market = draw(st.sampled_from([0.0, 0.7, 5.0]))
    return covariance_of(draw_returns(n_days, n_assets, draw(st.integers(0, 10_000)), market))


def objective(covariance: Matrix, precision: Matrix, alpha: float) -> float:
    """Compute -logdet(T) + tr(S T) + alpha ||T||_1, the norm being taken off the diagonal."""
    sign, logdet = np.linalg.slogdet(precision)
    assert sign > 0
    size = np.abs(precision).sum() - np.abs(np.diag(precision)).sum()
    return float(-logdet + np.sum(covariance * precision) + alpha * size)


def largest_off_diagonal(covariance: Matrix) -> float:
    """Return the penalty from which on no two assets are joined."""
    off_diagonal = covariance - np.diag(np.diag(covariance))
    return float(np.abs(off_diagonal).max())
