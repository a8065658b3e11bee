"""How the penalty was chosen: the out-of-sample score of each one tried."""

import numpy as np

from marketmap.structure import MarketStructure
from reports.figures.network import Trace
from reports.styles import GRID, INK, NEGATIVE, POSITIVE


def cv_curve(structure: MarketStructure) -> Trace:
    """Draw the scores over the penalties, the chosen one and those whose fits failed."""
    scores = structure.cv_scores.sort_values("alpha")
    fitted = scores[np.isfinite(scores["mean_score"])]
    failed = scores[~np.isfinite(scores["mean_score"])]
    data = [
        {
            "type": "scatter",
            "name": "mean score, with its deviation over the folds",
            "mode": "lines+markers",
            "x": fitted["alpha"].tolist(),
            "y": fitted["mean_score"].tolist(),
            "error_y": {
                "type": "data",
                "array": fitted["std_score"].fillna(0.0).tolist(),
                "color": POSITIVE,
                "thickness": 1,
                "width": 3,
            },
            "line": {"color": POSITIVE, "width": 2},
            "marker": {"size": 7},
            "hovertemplate": "alpha %{x:.4g}: score %{y:.4f}<extra></extra>",
        },
    ]
    if len(failed):
        data.append(
            {
                "type": "scatter",
                "name": "no score: the fit failed",
                "mode": "markers",
                "x": failed["alpha"].tolist(),
                "y": [0.03] * len(failed),
                "yaxis": "y2",
                "marker": {"symbol": "x", "size": 9, "color": NEGATIVE},
                "hovertemplate": "alpha %{x:.4g}: the fit failed<extra></extra>",
            }
        )
    return {
        "data": data,
        "layout": {
            "xaxis": {
                "title": {"text": "penalty alpha"},
                "type": "log",
                "gridcolor": GRID,
                "dtick": "D2",
                "tickformat": "~g",
            },
            "yaxis": {
                "title": {"text": "log-likelihood per day"},
                "gridcolor": GRID,
                "zeroline": False,
            },
            "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
            **_mark(structure.diagnostics.alpha),
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hovermode": "closest",
            "margin": {"l": 70, "r": 16, "t": 40, "b": 50},
        },
    }


def _mark(alpha: float) -> Trace:
    """Mark the chosen penalty; none at all, which scikit-learn may choose, has no place here."""
    if alpha <= 0:
        return {}
    line = {
        "type": "line",
        "x0": alpha,
        "x1": alpha,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": INK, "dash": "dot", "width": 1.5},
    }
    text = {
        "text": f"chosen: {alpha:.4g}",
        "x": float(np.log10(alpha)),  # on a log axis an annotation stands at the logarithm
        "yref": "paper",
        "y": 1,
        "yanchor": "top",
        "xanchor": "right",
        "xshift": -6,
        "showarrow": False,
    }
    return {"shapes": [line], "annotations": [text]}
