"""Importing this loads what commands need.

Neither Prefect, which reads its environment when it is imported, nor the flows, which are Prefect's
or not from their import on.
"""

from flows.interpreter import quiet_exit
from tests.support.warm import warm_up

quiet_exit()  # DuckDB complains of what is frozen for the children
warm_up(
    [
        "flows.cli.app",
        "flows.cli.doctor",
        "flows.cli.export",
        "flows.cli.screen",
        "flows.cli.sql_output",
        "flows.cli.summary",
        "flows.steps.days",
        "flows.steps.integrity",
        "flows.steps.keeping",
        "flows.steps.make_map",
        "marketmap.sources.coinmarketcap.source",
        "marketmap.sources.files.source",
        "netrc",
        "pyarrow.parquet",
        "sklearn.manifold",
    ]
)
