"""Stands in for Prefect: flows and tasks become the functions that they are.

Prefect costs seconds a run and threads that must not be forked; what a kill leaves behind is the
work of the functions alone.
"""

import logging
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any


def take_prefect_away() -> None:
    """Put the stand-in in Prefect's place; to be called before any flow is imported."""
    assert "prefect" not in sys.modules, "too late: Prefect has been imported"
    contents: dict[str, dict[str, Any]] = {
        "prefect": {
            "flow": _as_it_is,
            "task": _as_it_is,
            "runtime": SimpleNamespace(flow_run=SimpleNamespace(parameters={})),
        },
        "prefect.artifacts": {
            "create_link_artifact": _nothing,
            "create_table_artifact": _nothing,
        },
        "prefect.cache_policies": {"NO_CACHE": None},
    }
    for name, content in contents.items():
        module = ModuleType(name)
        vars(module).update(content)
        sys.modules[name] = module
    for family in ("flows", "marketmap"):
        logger = logging.getLogger(family)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def _as_it_is(function: Callable[..., Any] | None = None, **_: object) -> Any:
    return function if function is not None else (lambda decorated: decorated)


def _nothing(*_: object, **__: object) -> None:
    pass
