"""Runs that were lost are made again, from archived answers or files, by fitting again."""

from datetime import date
from pathlib import Path

from flows.backfill import make_days
from flows.recording import flow
from flows.steps.context import open_map
from flows.steps.days import BackfillResult
from flows.steps.progress import tell
from flows.steps.recover import bring_back
from marketmap.printing import first_to_last, plural


@flow("restore", "{map_name}")
def restore(
    map_name: str, days: list[date], config_path: Path = Path("config.yaml")
) -> BackfillResult:
    """Make the lost runs of a map again, from prices that are stored or lie in files."""
    with open_map(config_path, map_name) as context:
        tell(f"map {map_name}, {plural(len(days), 'lost run')}, {first_to_last(days)}")
        result = BackfillResult()
        listings, notes = bring_back(context, days, result)
        return make_days(context, listings, listings.__getitem__, result, notes)
