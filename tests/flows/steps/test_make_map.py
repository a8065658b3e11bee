"""What a map is made from: prices of a file that contradict each other come with it."""

import pandas as pd

from tests.support.command import Desk, map_config
from tests.support.price_files import LAST, market

FILE = {"kind": "files", "path": "prices.csv"}


def test_an_asset_whose_rows_in_a_file_contradict_each_other_is_excluded_alone(desk: Desk) -> None:
    rows = market("coin", 14)
    row = rows[(rows["symbol"] == "coin03") & (rows["date"] == "2024-03-20")]
    close = row["close"].iloc[0]
    pd.concat([rows, row.assign(close=7.5)]).to_csv(desk.folder / "prices.csv", index=False)
    desk.write(map_config(FILE, window_days=60))
    run = desk.run("run")
    assert run.returncode == 0, run.stderr
    assert f"map demo as of {LAST}: 13 assets" in run.stdout
    assert desk.ask("select asset_id, reason, detail from exclusions").to_pylist() == [
        {
            "asset_id": "coin03",
            "reason": "contradictory",
            "detail": f"2024-03-20: two rows that differ (close is {close} and 7.5)",
        }
    ]


def test_a_calendar_that_does_not_fit_a_file_is_told_before_anything_is_made(desk: Desk) -> None:
    market("stock", 14).to_csv(desk.folder / "prices.csv", index=False)
    desk.write(map_config(FILE, window_days=60))
    run = desk.run("run")
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == (
        "error: prices.csv: all assets trade on some weekdays only, but source.calendar is daily, "
        "every UTC day; for stocks and the like set source.calendar: sessions "
        "(config.yaml: maps.demo.source.path)"
    )
    desk.write(map_config({**FILE, "calendar": "sessions"}, window_days=60))
    assert desk.run("run").returncode == 0
