"""Prefect's ``flow`` and ``task``, or the plain functions where no server is there to record a run.

With Prefect a run is seen in its UI, scheduled and kept; but importing it takes seconds, and so
does a server of its own for each command. :func:`without_prefect`, called before a flow is
imported, leaves it out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

_recorded = True


def without_prefect() -> None:
    """Let the flows that are imported from now on be plain functions."""
    global _recorded
    _recorded = False


def is_recorded() -> bool:
    """Return whether flows are Prefect's."""
    return _recorded


def flow(
    name: str, run_name: str | Callable[[], str]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a flow that Prefect records.

    Parameters
    ----------
    name : str
    run_name : str or callable
        How a run is called in Prefect's UI; a text may hold the flow's parameters in braces.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if not _recorded:
            return function
        import prefect

        recorded = prefect.flow(name=name, flow_run_name=run_name)(function)
        return cast("Callable[P, R]", recorded)

    return decorate


def task(name: str, function: Callable[P, R]) -> Callable[P, R]:
    """Return a step as a task that Prefect records, each time it is called."""
    if not _recorded:
        return function
    import prefect
    from prefect.cache_policies import NO_CACHE

    recorded = prefect.task(name=name, cache_policy=NO_CACHE)(function)
    return cast("Callable[P, R]", recorded)


def parameters() -> Mapping[str, object]:
    """Return the parameters of the flow run that is being named."""
    from prefect import runtime

    return dict(runtime.flow_run.parameters)


def show(
    map_name: str, as_of: date, report: Path, clusters: Sequence[Mapping[str, str | int]]
) -> None:
    """Show a report's link and a map's clusters in Prefect's UI."""
    if not _recorded:
        return
    from prefect.artifacts import create_link_artifact, create_table_artifact

    key = map_name.replace("_", "-")
    link, text = report.absolute().as_uri(), f"{map_name} as of {as_of}"
    create_link_artifact(link=link, link_text=text, key=f"{key}-report")
    create_table_artifact([dict(row) for row in clusters], key=f"{key}-clusters")
