"""The section of how a map was made: the quality of its fit, and its settings."""

from collections.abc import Iterator
from typing import Any

from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure
from reports.text import number

ROUNDING = 1e-12


def setting_rows(settings: MapSettings) -> list[tuple[str, str]]:
    """List every setting by its path in config.yaml, as ``model.graph.edge_threshold``."""
    return list(_flat("", settings.model_dump(mode="json")))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        yield path, ", ".join(str(item) for item in value) or "none"
    else:
        yield path, "not set" if value is None else str(value)


def diagnostic_rows(structure: MarketStructure) -> list[tuple[str, str, str]]:
    """List the model's diagnostics: name, value, what it says."""
    found, clusters = structure.diagnostics, structure.clusters.diagnostics
    errors = [layout.diagnostics["error"] for layout in structure.layouts.values()]
    yes_no = {True: "yes", False: "no"}
    return [
        (
            "Penalty alpha",
            number(found.alpha),
            "chosen by cross-validation; larger keeps fewer edges",
        ),
        (
            "Penalties tried",
            f"{len(structure.cv_scores)}, of which {found.failed_fits} failed",
            "a failed one has no score and could not be chosen",
        ),
        (
            "Final fit converged",
            f"{yes_no[found.converged]}, after {found.n_iter} iterations",
            "whether the solver reached its tolerance",
        ),
        ("Duality gap", number(found.duality_gap), "how far the fit may be from the best one"),
        (
            "Condition number",
            number(found.condition_number),
            "of the precision matrix; the larger, the more noise is amplified",
        ),
        (
            "Clusters settled",
            f"{yes_no[bool(clusters['converged'])]}, after {clusters['n_iter']:.0f} iterations",
            "whether affinity propagation stopped changing its mind",
        ),
        (
            "Embedding error",
            f"{_error(errors[0])} in 2D, {_error(errors[1])} in 3D",
            "0 when each asset is the same mix of its neighbours on the map as in the data",
        ),
        ("Filled returns", f"{found.n_filled:,}", "were missing and set to their asset's mean"),
    ]


def _error(error: float) -> str:
    """Write an error of a layout; below what rounding leaves of 0, on either side, it is 0."""
    return number(error if abs(error) >= ROUNDING else 0.0, 3)
