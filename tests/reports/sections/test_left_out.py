import pandas as pd

from reports.sections.left_out import exclusion_counts, records
from tests.support.runs import make_run


def test_exclusions_are_counted_by_reason() -> None:
    run = make_run()

    assert exclusion_counts(run, {"pegged": "it hardly moves"}) == [
        ("pegged", "it hardly moves", 1),
        ("tag", "", 1),
    ]


def test_records_tell_dates_as_days() -> None:
    frame = pd.DataFrame({"date": [pd.Timestamp("2026-01-05")], "factor": [0.5]})

    assert records(frame) == [{"date": "2026-01-05", "factor": 0.5}]
