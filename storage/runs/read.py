"""Rows become a run again: exactly the structure that was saved, with the prices behind it."""

import logging
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pydantic import ValidationError

from marketmap.errors import StorageError
from marketmap.run import MapRun, Recovery
from marketmap.settings import MapSettings
from marketmap.structure import Diagnostics, MarketStructure
from marketmap.universe.repairs import apply_repairs
from marketmap.universe.select import Universe
from storage.engine.sql_files import statement
from storage.runs import matrices
from storage.runs.base import StoredRun
from storage.runs.refit import refit
from storage.runs.write import CHOSEN

Row = Mapping[str, Any]

log = logging.getLogger("marketmap.storage")
"""Of the family whose lines a person sees while a flow works."""


def read_run_row(
    connection: duckdb.DuckDBPyConnection, map_name: str, as_of: date
) -> dict[str, Any] | None:
    """Read the newest run of a map's day, one key a column of ``store.runs``."""
    found = connection.execute(statement("read_run"), [map_name, as_of])
    columns = [column[0] for column in found.description]
    row = found.fetchone()
    return None if row is None else dict(zip(columns, row, strict=True))


def _settings(row: Row) -> MapSettings:
    try:
        return MapSettings.model_validate_json(row["settings"])
    except ValidationError:
        raise StorageError(
            f"map {row['map']} on {row['as_of']}: made under settings that this version does not "
            f"know; make it anew: marketmap rebuild --map {row['map']} --from {row['as_of']} "
            f"--to {row['as_of']}"
        ) from None


def rebuild_run(connection: duckdb.DuckDBPyConnection, row: Row, folder: Path) -> StoredRun:
    """Put a run together from its row in ``store.runs`` and all that belongs to it."""
    assets = _labelled(_frame(connection, "read_run_assets", row, dated=True))
    names = {field.name: row[f"recovery_{field.name}"] for field in fields(Recovery)}
    universe = _universe(connection, row, assets)
    structure, doubt = _structure(connection, row, folder, assets, universe)
    run = MapRun(
        map=row["map"],
        as_of=row["as_of"],
        settings=_settings(row),
        source=row["source"],
        universe=universe,
        structure=structure,
        survivors_only=row["survivors_only"],
        recovery=None if names["this"] is None else Recovery(**names),
        notes=(*row["notes"], *doubt),
    )
    return StoredRun(run, row["created_at"].replace(tzinfo=UTC), row["versions"])


def rebuild_structure(
    connection: duckdb.DuckDBPyConnection, row: Row, folder: Path
) -> MarketStructure:
    """Put a run's structure together; every number is the one that was saved."""
    assets = _labelled(_frame(connection, "read_run_assets", row, dated=True))
    structure, doubt = _structure(connection, row, folder, assets)
    for sentence in doubt:
        log.warning("map %s on %s: %s", row["map"], row["as_of"], sentence)
    return structure


def _structure(
    connection: duckdb.DuckDBPyConnection,
    row: Row,
    folder: Path,
    assets: pd.DataFrame,
    universe: Universe | None = None,
) -> tuple[MarketStructure, tuple[str, ...]]:
    """Put a structure together, and tell what is doubtful about it."""
    labels = assets[["symbol", "name", "cluster", "is_exemplar"]]
    positions = _frame(connection, "read_run_positions", row, dated=True)
    numbers = {field.name: row[field.name] for field in fields(Diagnostics)}
    kept = row["matrices"] and matrices.read(
        folder, row["as_of"], row["run_id"], row["matrices"], assets.index
    )
    doubt: tuple[str, ...] = ()
    if not kept:
        universe = universe or _universe(connection, row, assets)
        edges = _frame(connection, "read_run_edges", row, dated=True)
        kept, doubt = refit(row, _settings(row), universe, edges, assets.index)
    structure = MarketStructure(
        assets=labels,
        positions={
            str(layout): _labelled(rows.drop(columns="layout")).dropna(axis=1, how="all")
            for layout, rows in positions.groupby("layout")
        },
        cv_scores=_frame(connection, "read_run_cv_scores", row),
        diagnostics=Diagnostics(**numbers),
        edge_threshold=row["edge_threshold"],
        **kept,
    )
    return structure, doubt


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
    )


def _frame(
    connection: duckdb.DuckDBPyConnection, name: str, row: Row, *, dated: bool = False
) -> pd.DataFrame:
    known = [row["run_id"], row["as_of"]] if dated else [row["run_id"]]
    return connection.execute(statement(name), known).df()


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("asset_id")
