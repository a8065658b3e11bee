"""Rows that contradict each other, and assets of markets that close beside some that do not."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import DataError, NotEnoughDataError
from marketmap.pipeline import compute_run
from marketmap.run import MapInputs, MapRun
from marketmap.settings import FilesSettings, MapSettings
from marketmap.sources.files.source import Files
from tests.support.price_files import LAST, closes_of, market, refusal_of, write_csv


def open_rows(folder: Path, rows: pd.DataFrame, **settings: object) -> Files:
    rows.to_csv(folder / "prices.csv", index=False)
    return Files(FilesSettings.model_validate(told(**settings)), folder)


def told(**settings: object) -> dict[str, object]:
    return {"kind": "files", "path": "prices.csv", **settings}


def mapped(source: Files, as_of: date = LAST, **settings: object) -> MapRun:
    made = MapSettings.model_validate({"source": told(**settings), "window_days": 50})
    listing = source.listing(as_of, 300)
    start = as_of - pd.Timedelta(days=120)
    return compute_run(
        MapInputs(
            map="m",
            as_of=as_of,
            settings=made,
            source=source.name,
            listing=listing,
            prices=pd.concat([source.prices(i, start, as_of) for i in listing["asset_id"]]),
            price_sources=listing.set_index("asset_id")["symbol"].map(lambda _: source.name),
            refused=source.refused(start, as_of),
        )
    )


# --- rows that contradict each other


def with_another(rows: pd.DataFrame, symbol: str, day: str, **changed: float) -> pd.DataFrame:
    row = rows[(rows["symbol"] == symbol) & (rows["date"] == day)]
    return pd.concat([rows, row.assign(**changed)])


def test_an_asset_whose_rows_contradict_each_other_is_left_out_alone(tmp_path: Path) -> None:
    rows = market("coin", 15)
    source = open_rows(tmp_path, with_another(rows, "coin03", "2024-03-20", close=77.5))
    before = rows[(rows["symbol"] == "coin03") & (rows["date"] == "2024-03-20")]["close"].iloc[0]
    run = mapped(source)
    assert len(run.universe.assets) == 14
    excluded = run.universe.exclusions.set_index("asset_id")
    assert excluded.loc["coin03", "reason"] == "contradictory"
    assert excluded.loc["coin03", "detail"] == (
        f"2024-03-20: two rows that differ (close is {before} and 77.5)"
    )
    assert source.prices("coin03", date(2024, 3, 20), date(2024, 3, 20)).empty


def test_a_contradiction_before_the_window_is_of_no_matter(tmp_path: Path) -> None:
    source = open_rows(tmp_path, with_another(market("coin", 12), "coin03", "2023-12-31", close=7))
    assert source.refused(date(2024, 1, 1), LAST) == {}
    assert list(source.refused(date(2023, 12, 31), LAST)) == ["coin03"]


@pytest.mark.parametrize("column", ["close", "volume"])
def test_the_column_that_differs_is_named(tmp_path: Path, column: str) -> None:
    rows = with_another(market("coin", 12), "coin03", "2024-03-20", **{column: 7.0})
    (detail,) = open_rows(tmp_path, rows).refused(date(2024, 3, 1), LAST).values()
    assert f"({column} is " in detail
    assert detail.endswith(" and 7.0)")


def test_equal_rows_are_dropped_and_told(tmp_path: Path) -> None:
    rows = with_another(market("coin", 12), "coin03", "2024-03-20")
    source = open_rows(tmp_path, rows)
    assert source.refused(date(2024, 3, 1), LAST) == {}
    assert source.notes[0] == "prices.csv: 1 exact duplicate row on 2024-03-20 was dropped."


def test_the_last_row_counts_where_the_settings_say_so(tmp_path: Path) -> None:
    rows = with_another(market("coin", 12), "coin03", "2024-03-20", close=7.0)
    source = open_rows(tmp_path, rows, duplicates="last")
    day = date(2024, 3, 20)
    assert source.prices("coin03", day, day)["close"].tolist() == [7.0]
    assert source.refused(day, day) == {}
    assert source.notes[0] == (
        "prices.csv: 1 row on 2024-03-20 was replaced by a later one that differs."
    )


def test_any_contradiction_is_refused_where_the_settings_say_so(tmp_path: Path) -> None:
    rows = with_another(market("coin", 12), "coin03", "2024-03-20", close=7.0)
    rows.to_csv(tmp_path / "prices.csv", index=False)
    message = refusal_of(tmp_path / "prices.csv", duplicates="refuse")
    assert message.startswith("coin03 on 2024-03-20: two rows that differ (close is ")
    assert message.endswith("(1 of 12 assets have such days); source.duplicates: last takes the "
                            "later row")  # fmt: skip


def test_contradictions_of_most_assets_are_refused(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "date,symbol,close,volume", "2024-01-02,A,1.5,3", "2024-01-01,A,1,3",
        "2024-01-02,A,1.5,",
    )  # fmt: skip
    assert refusal_of(path) == (
        "A on 2024-01-02: two rows that differ (volume is 3.0 and nan), expected one row per asset "
        "and day (1 of 1 assets have such days); source.duplicates: last takes the later row"
    )


def test_three_rows_of_a_day_that_do_not_agree_are_a_contradiction(tmp_path: Path) -> None:
    rows = ["2024-01-01,A,1", "2024-01-01,A,2", "2024-01-01,A,1", "2024-01-02,A,5"]
    others = [f"2024-01-01,B{n},1" for n in range(3)]
    path = write_csv(tmp_path, "date,symbol,close", *rows, *others)
    assert closes_of(path)["A"] == {"2024-01-02": 5.0}
    assert closes_of(path, duplicates="last")["A"] == {"2024-01-01": 1.0, "2024-01-02": 5.0}


# --- markets that close


def test_stocks_with_a_calendar_of_every_day_are_told_what_to_set(tmp_path: Path) -> None:
    source = open_rows(tmp_path, market("stock", 12))
    with pytest.raises(DataError) as caught:
        source.check()
    assert str(caught.value) == (
        f"{tmp_path / 'prices.csv'}: all assets trade on some weekdays only, but source.calendar "
        "is daily, every UTC day; for stocks and the like set source.calendar: sessions"
    )
    with pytest.raises(NotEnoughDataError) as too_few:
        mapped(source)
    assert str(too_few.value).endswith(
        "(sessions 12; for markets that close at weekends set source.calendar: sessions)"
    )
    fine = open_rows(tmp_path, market("stock", 12), calendar="sessions")
    fine.check()
    assert len(mapped(fine, calendar="sessions").universe.assets) == 12


def test_stocks_beside_coins_are_told_and_left_out_for_the_true_reason(tmp_path: Path) -> None:
    rows = pd.concat([market("stock", 20), market("coin", 12, n_days=140)])
    source = open_rows(tmp_path, rows)
    source.check()
    assert source.notes[0] == (
        "prices.csv: 20 of the assets trade on some weekdays only, 12 every day; with calendar: "
        "daily the former are left out; split the file into two maps, or set source.calendar: "
        "sessions."
    )
    run = mapped(source)
    assert set(run.universe.assets.index.str[:4]) == {"coin"}
    excluded = run.universe.exclusions
    assert excluded["reason"].tolist() == ["sessions"] * 20
    assert excluded["detail"][0] == (
        "no price on any Saturday and Sunday; source.calendar: sessions is for such markets"
    )


def test_stocks_beside_coins_are_mapped_on_sessions(tmp_path: Path) -> None:
    rows = pd.concat([market("stock", 20), market("coin", 12, n_days=140)])
    source = open_rows(tmp_path, rows, calendar="sessions")
    assert source.notes[0].endswith(
        "calendar: sessions maps both on the days that at least half of the assets have."
    )
    assert len(mapped(source, calendar="sessions").universe.assets) == 32
    rows = pd.concat([market("stock", 12), market("coin", 20, n_days=140)])
    source = open_rows(tmp_path, rows, calendar="sessions")
    assert source.notes[0].endswith("the former are left out; split the file into two maps.")


def test_coins_and_young_files_are_not_told_of_weekdays(tmp_path: Path) -> None:
    for rows in (market("coin", 12), market("stock", 12, n_days=15)):
        source = open_rows(tmp_path, rows)
        source.check()
        assert not any("weekdays" in note for note in source.notes)
    assert source.last_day(datetime.now(UTC)) == LAST
