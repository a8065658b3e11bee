import joblib
import pytest

from marketmap.precision.threads import fold_threads


@pytest.mark.parametrize(
    ("n_jobs", "n_assets", "wanted"),
    [(None, 20, 1), (None, 100, joblib.cpu_count()), (1, 100, 1), (3, 20, 3), (-1, 20, 99)],
)
def test_there_are_threads_where_they_pay_off_or_are_asked_for(
    n_jobs: int | None, n_assets: int, wanted: int
) -> None:
    wanted = min(wanted, joblib.cpu_count() if n_jobs == -1 else wanted, 5)
    with fold_threads(n_jobs, n_folds=5, n_assets=n_assets) as executor:
        assert (1 if executor is None else executor._max_workers) == wanted
