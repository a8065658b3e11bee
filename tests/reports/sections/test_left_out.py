from dataclasses import replace

import pandas as pd

from reports.sections.left_out import left_out, records
from tests.support.runs import make_run


def test_what_was_left_out_is_grouped_by_reason_the_most_frequent_first() -> None:
    run = make_run()
    one, other = run.universe.exclusions["reason"]
    many = pd.concat([run.universe.exclusions.iloc[[1]]] * 3 + [run.universe.exclusions.iloc[[0]]])
    run = replace(run, universe=replace(run.universe, exclusions=many))

    first, second = left_out(run, {other: "it hardly moves"})
    assert (first.reason, first.meaning, len(first.rows)) == (other, "it hardly moves", 3)
    assert (second.reason, second.meaning, len(second.rows)) == (one, "", 1)


def test_reasons_that_are_as_frequent_come_in_alphabetical_order_and_each_row_is_whole() -> None:
    run = make_run()
    groups = left_out(run, {})
    assert [group.reason for group in groups] == ["pegged", "tag"]
    rows = [row for group in groups for row in group.rows]
    expected = run.universe.exclusions.sort_values("reason")
    for column in ("asset_id", "symbol", "name", "rank", "detail"):
        assert [row[column] for row in rows] == list(expected[column])


def test_where_nothing_was_left_out_there_is_no_group() -> None:
    universe = make_run().universe
    none = replace(universe, exclusions=universe.exclusions.iloc[:0])
    assert left_out(replace(make_run(), universe=none), {}) == []


def test_records_tell_dates_as_days() -> None:
    frame = pd.DataFrame({"date": [pd.Timestamp("2026-01-05")], "factor": [0.5]})

    assert records(frame) == [{"date": "2026-01-05", "factor": 0.5}]
