"""Rows become a run again: exactly the structure that was saved, with the prices behind it."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pydantic import ValidationError

from marketmap.agreement.base import Recovery
from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.settings import MapSettings
from marketmap.structure import (
    Clustering,
    Diagnostics,
    Graph,
    Layout,
    MarketStructure,
    Matrices,
    MatrixSource,
)
from marketmap.universe.repairs import apply_repairs
from marketmap.universe.select import Universe
from storage.engine.sql_files import statement
from storage.runs import matrices as files
from storage.runs.base import StoredRun
from storage.runs.write import CHOSEN, DERIVED

Row = Mapping[str, Any]

log = logging.getLogger("marketmap.storage")
"""Of the family whose lines a person sees while a flow works."""


def read_run_row(connection: duckdb.DuckDBPyConnection, map_name: str, as_of: date) -> Row:
    """Read the newest run of a day that is stored, one key a column of ``store.runs``."""
    found = connection.execute(statement("read_run"), [map_name, as_of])
    columns = [column[0] for column in found.description]
    (row,) = found.fetchall()
    return dict(zip(columns, row, strict=True))


def _settings(row: Row) -> MapSettings:
    try:
        return MapSettings.from_json(row["settings"])
    except ValidationError:
        raise StorageError(
            f"map {row['map']} on {row['as_of']}: made under settings that this version does not "
            f"know; make it anew: marketmap rebuild --map {row['map']} --from {row['as_of']} "
            f"--to {row['as_of']}"
        ) from None


@dataclass(frozen=True, eq=False)
class NotKept:
    """The matrices of a run that were not kept: fitted again when somebody asks for them.

    Attributes
    ----------
    what : str
        The run, as messages name it.
    settings : MapSettings
        The run's own.
    universe : Universe
        Its assets and prices, as they are stored now.
    edges : DataFrame
        The stored edges.
    asset_ids : Index
        The assets in the order of the matrices.
    """

    what: str
    settings: MapSettings
    universe: Universe
    edges: pd.DataFrame
    asset_ids: "pd.Index[str]"

    def kept(self) -> None:
        """Return None: they were not kept."""

    def load(self) -> Matrices:
        """Fit the matrices again; where they are not those that the run found, that is logged.

        Raises
        ------
        StorageError
            The stored prices do not suffice any more.
        """
        from storage.runs.refit import refit  # what is kept is read without its libraries

        found, doubt = refit(self.what, self.settings, self.universe, self.edges, self.asset_ids)
        if doubt is not None:
            log.warning("%s: %s", self.what, doubt)
        return found


def rebuild_run(connection: duckdb.DuckDBPyConnection, row: Row, folder: Path) -> StoredRun:
    """Put a run together from its row in ``store.runs`` and all that belongs to it."""
    assets = _labelled(_frame(connection, "read_run_assets", row, dated=True))
    universe = _universe(connection, row, assets)
    run = MapRun(
        map=row["map"],
        as_of=row["as_of"],
        settings=_settings(row),
        source=row["source"],
        universe=universe,
        structure=_structure(connection, row, folder, assets, universe),
        survivors_only=row["survivors_only"],
        notes=tuple(row["notes"]),
    )
    found = connection.execute(statement("read_recovery"), [row["run_id"], row["as_of"]]).fetchone()
    recovery = None if found is None else Recovery(*found)
    return StoredRun(run, row["created_at"].replace(tzinfo=UTC), row["versions"], recovery)


def rebuild_structure(
    connection: duckdb.DuckDBPyConnection, row: Row, folder: Path
) -> MarketStructure:
    """Put a run's structure together; every number is the one that was saved."""
    assets = _labelled(_frame(connection, "read_run_assets", row, dated=True))
    return _structure(connection, row, folder, assets)


def _structure(
    connection: duckdb.DuckDBPyConnection,
    row: Row,
    folder: Path,
    assets: pd.DataFrame,
    universe: Universe | None = None,
) -> MarketStructure:
    figures = _figures(connection, row)
    graphs = _graphs(connection, row, figures)
    matrices: MatrixSource | None = _kept_matrices(row, folder, assets.index)
    if matrices is None:
        matrices = NotKept(
            f"map {row['map']} on {row['as_of']}",
            _settings(row),
            _universe(connection, row, assets) if universe is None else universe,
            next(iter(graphs.values())).edges,
            assets.index,
        )
    return MarketStructure(
        labels=assets[["symbol", "name"]],
        clusterings=_clusterings(connection, row, figures),
        layouts=_layouts(connection, row, figures),
        graphs=graphs,
        cv_scores=_frame(connection, "read_run_cv_scores", row),
        diagnostics=_diagnostics(row, figures["model"]),
        matrix_source=matrices,
    )


def _kept_matrices(row: Row, folder: Path, asset_ids: "pd.Index[str]") -> Matrices | None:
    digest = row["matrices"]
    if digest is None:
        return None
    kept = files.read(folder, row["as_of"], row["run_id"], digest, asset_ids)
    return None if kept is None else Matrices(**kept)


def _figures(connection: duckdb.DuckDBPyConnection, row: Row) -> dict[str, dict[str, float]]:
    """Read the diagnostics of each part; an unknown value is NaN."""
    figures: dict[str, dict[str, float]] = {}
    known = [row["run_id"], row["as_of"]]
    found = connection.execute(statement("read_run_diagnostics"), known).fetchall()
    for part, name, value in found:
        if name not in DERIVED:
            figures.setdefault(part, {})[name] = math.nan if value is None else value
    return figures


def _diagnostics(row: Row, figures: Mapping[str, float]) -> Diagnostics:
    window = {"window_start": row["window_start"], "window_end": row["window_end"]}
    kinds: dict[str, Any] = {field.name: field.type for field in fields(Diagnostics)}
    # A figure that came after the run was made has its default.
    numbers = {name: kind(figures[name]) for name, kind in kinds.items() if name in figures}
    return Diagnostics(**window, **numbers)


def _clusterings(
    connection: duckdb.DuckDBPyConnection, row: Row, figures: Mapping[str, dict[str, float]]
) -> dict[str, Clustering]:
    rows = _frame(connection, "read_run_clusters", row, dated=True)
    members = dict(iter(rows.groupby("clustering")))
    clusterings = {}
    for name in row["clusterings"]:
        own = members[name]
        exemplars = None
        if own["is_exemplar"].notna().all():
            centres = own[own["is_exemplar"].astype("bool")].sort_values("cluster")
            exemplars = centres.set_index("cluster")["asset_id"].rename("exemplar")
        clusterings[name] = Clustering(
            name=name,
            labels=own.set_index("asset_id")["cluster"],
            exemplars=exemplars,
            diagnostics=figures.get(f"clustering:{name}", {}),
        )
    return clusterings


def _layouts(
    connection: duckdb.DuckDBPyConnection, row: Row, figures: Mapping[str, dict[str, float]]
) -> dict[str, Layout]:
    rows = dict(iter(_frame(connection, "read_run_positions", row, dated=True).groupby("layout")))
    return {
        name: Layout(
            name,
            _labelled(rows[name].drop(columns="layout")).dropna(axis=1, how="all"),
            figures.get(f"layout:{name}", {}),
        )
        for name in row["layouts"]
    }


def _graphs(
    connection: duckdb.DuckDBPyConnection, row: Row, figures: Mapping[str, dict[str, float]]
) -> dict[str, Graph]:
    edges = _frame(connection, "read_run_edges", row, dated=True)
    # Text that is not there has no type of its own, where a run has no edges.
    edges = edges.astype({"asset_id_a": "str", "asset_id_b": "str"})
    return {
        name: Graph(
            name,
            edges[edges["graph"] == name].drop(columns="graph").reset_index(drop=True),
            figures.get(f"graph:{name}", {}),
        )
        for name in row["graphs"]
    }


def _universe(connection: duckdb.DuckDBPyConnection, row: Row, assets: pd.DataFrame) -> Universe:
    ranked = assets.sort_values("rank", kind="stable")
    repairs = _frame(connection, "read_run_repairs", row)
    calendar = pd.DatetimeIndex(row["calendar"], name="date").astype("datetime64[us]")
    window = {"first_day": calendar[0].date(), "last_day": calendar[-1].date()}
    found = connection.execute(
        statement("read_run_prices"),
        {"run_id": row["run_id"], "as_of": row["as_of"], "source": row["source"], **window},
    )
    prices = found.df()
    tables = {}
    for column in ("close", "open"):
        table = prices.pivot_table(index="date", columns="asset_id", values=column, dropna=False)
        table = table.reindex(index=calendar, columns=ranked.index)
        tables[column] = apply_repairs(table.where(table > 0), repairs)
    return Universe(
        assets=ranked[["symbol", "name", *CHOSEN]],
        closes=tables["close"],
        opens=tables["open"],
        exclusions=_frame(connection, "read_run_exclusions", row),
        repairs=repairs,
        cut=_frame(connection, "read_run_cut", row),
    )


def _frame(
    connection: duckdb.DuckDBPyConnection, name: str, row: Row, *, dated: bool = False
) -> pd.DataFrame:
    known = [row["run_id"], row["as_of"]] if dated else [row["run_id"]]
    return connection.execute(statement(name), known).df()


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("asset_id")
