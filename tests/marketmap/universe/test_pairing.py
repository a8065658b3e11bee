"""Two series are one asset where thirty days of closes say so, and a window is of one source."""

from datetime import date
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from marketmap.frames import PRICE_COLUMNS, price_frame
from marketmap.universe.pairing import choose_sources, compare, pair, refuted

DAYS = pd.date_range("2024-01-01", periods=40)
START, AS_OF = date(2024, 1, 1), date(2024, 4, 9)  # a hundred days


def walk(seed: int = 0, n_days: int = 40) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.asarray(np.exp(draw.normal(0.0, 0.05, n_days).cumsum()) * 100.0)


def table(columns: dict[str, np.ndarray], days: pd.DatetimeIndex = DAYS) -> pd.DataFrame:
    return pd.DataFrame(columns, index=days)


def labels(**symbols: str) -> pd.Series:
    return pd.Series(symbols, dtype="str")


CLOSES = table({"1": walk(1), "2": walk(2)})
OTHERS = table({"AAA/USDT": walk(1), "BBB/USDT": walk(2)})
SYMBOLS = labels(**{"1": "AAA", "2": "BBB"})
OTHER_SYMBOLS = labels(**{"AAA/USDT": "AAA", "BBB/USDT": "BBB"})


def paired(couples: pd.DataFrame) -> dict[str, str]:
    return dict(zip(couples["asset_id"], couples["other_id"], strict=True))


def pairs_of(other: np.ndarray, own: np.ndarray | None = None) -> dict[str, str]:
    """Pair one asset with one market of its symbol."""
    closes = table({"1": walk() if own is None else own})
    return paired(pair(closes, table({"A/USDT": other}), labels(**{"1": "A"}), LABEL))


LABEL = labels(**{"A/USDT": "A"})


def test_an_asset_is_paired_with_the_market_of_its_symbol_that_has_its_closes() -> None:
    couples = pair(CLOSES, OTHERS * 1.01, SYMBOLS, OTHER_SYMBOLS)
    expected = pd.DataFrame(
        {
            "asset_id": ["1", "2"],
            "other_id": ["AAA/USDT", "BBB/USDT"],
            "n_days": [30, 30],
            "worst": [1.0 - 1.0 / 1.01] * 2,
        }
    ).astype({"asset_id": "str", "other_id": "str"})
    pd.testing.assert_frame_equal(couples, expected)


def test_upper_and_lower_case_are_the_same_symbol() -> None:
    assert paired(pair(CLOSES, OTHERS, SYMBOLS.str.lower(), OTHER_SYMBOLS)) == {
        "1": "AAA/USDT",
        "2": "BBB/USDT",
    }


def test_the_same_closes_under_another_symbol_are_not_compared() -> None:
    others = labels(**{"AAA/USDT": "BBB", "BBB/USDT": "AAA"})
    assert compare(CLOSES, OTHERS, SYMBOLS, others)["worst"].min() > 0.02
    assert pair(CLOSES, OTHERS, SYMBOLS, others).empty


@pytest.mark.parametrize("symbol", ["1000A", "A"])
def test_prices_of_a_thousand_are_not_paired_whatever_they_are_called(symbol: str) -> None:
    closes, others = table({"1": walk()}), table({"A/USDT": walk() * 1000.0})
    assert pair(closes, others, labels(**{"1": "A"}), labels(**{"A/USDT": symbol})).empty


@pytest.mark.parametrize(
    ("factor", "fits"), [(1.0199, True), (1.0201, False), (0.9801, True), (0.9799, False)]
)
def test_two_percent_is_the_bound(factor: float, fits: bool) -> None:
    other = walk()
    other[-1] = walk()[-1] / factor
    assert bool(pairs_of(other)) == fits


def test_only_the_newest_thirty_common_days_count() -> None:
    other = walk()
    other[9] *= 2.0  # the 31st from the end
    assert pairs_of(other) == {"1": "A/USDT"}
    other[10] *= 2.0
    assert pairs_of(other) == {}


@pytest.mark.parametrize("nothing", [np.nan, 0.0, -1.0, np.inf])
def test_what_is_no_price_does_not_count_as_a_day(nothing: float) -> None:
    other = walk()
    other[:10] = nothing
    assert pairs_of(other) == {"1": "A/USDT"}
    other[20] = nothing
    assert pairs_of(other) == {}
    couples = compare(table({"1": walk()}), table({"A/USDT": other}), labels(**{"1": "A"}), LABEL)
    assert couples["n_days"].tolist() == [29]


@pytest.mark.parametrize(("n_days_ago", "fits"), [(90, True), (91, False)])
def test_a_market_that_ended_long_ago_is_not_paired(n_days_ago: int, fits: bool) -> None:
    days = pd.date_range("2024-01-01", periods=200)
    closes, others = table({"1": walk(n_days=200)}, days), table({"A/USDT": walk(n_days=200)}, days)
    ended = others[: 200 - n_days_ago]
    assert bool(paired(pair(closes, ended, labels(**{"1": "A"}), LABEL))) == fits


def test_of_two_assets_that_share_a_symbol_the_one_that_fits_is_paired() -> None:
    couples = pair(CLOSES, OTHERS, labels(**{"1": "AAA", "2": "AAA"}), OTHER_SYMBOLS)
    assert paired(couples) == {"1": "AAA/USDT"}


def test_a_market_that_fits_two_assets_is_paired_with_neither() -> None:
    twins = table({"1": walk(1), "2": walk(1) * 1.001})
    assert pair(twins, OTHERS, labels(**{"1": "AAA", "2": "AAA"}), OTHER_SYMBOLS).empty


def test_an_asset_that_two_markets_fit_is_paired_with_neither() -> None:
    twins = table({"AAA/USDT": walk(1), "aaa/USDT": walk(1)})
    symbols = labels(**{"AAA/USDT": "AAA", "aaa/USDT": "aaa"})
    assert pair(CLOSES, twins, SYMBOLS, symbols).empty
    twins["aaa/USDT"] *= 2.0
    assert paired(pair(CLOSES, twins, SYMBOLS, symbols)) == {"1": "AAA/USDT"}


def test_nothing_to_compare_gives_an_empty_table_of_the_same_types() -> None:
    full = pair(CLOSES, OTHERS, SYMBOLS, OTHER_SYMBOLS)
    empty = pair(CLOSES, OTHERS, labels(), OTHER_SYMBOLS)
    assert empty.empty
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@given(st.permutations(range(40)), st.permutations(["1", "2"]), st.booleans())
def test_the_order_of_days_and_columns_does_not_matter(
    order: list[int], ids: list[str], backwards: bool
) -> None:
    past = OTHERS.copy()
    past.iloc[:10] *= 2.0  # only the newest thirty days agree
    others = past.iloc[order, ::-1] if backwards else past.iloc[order]
    couples = pair(CLOSES.iloc[::-1][ids], others, SYMBOLS[ids], OTHER_SYMBOLS[::-1])
    pd.testing.assert_frame_equal(couples, pair(CLOSES, OTHERS, SYMBOLS, OTHER_SYMBOLS))


@given(st.integers(0, 2**32 - 1), st.integers(0, 29), st.booleans())
def test_noise_below_the_bound_pairs_and_one_day_outside_does_not(
    seed: int, day: int, above: bool
) -> None:
    noise = np.random.default_rng(seed).uniform(-0.019, 0.019, 40)
    other = walk() * (1.0 + noise)
    assert pairs_of(other, walk()) == {"1": "A/USDT"}
    other[39 - day] = walk()[39 - day] * (1.03 if above else 0.97)
    assert pairs_of(other, walk()) == {}


def test_real_coins_are_paired_with_the_perpetuals_of_an_exchange(shared_data: Path) -> None:
    coins = pd.read_parquet(shared_data / "crypto_cmc_23coins_2013_2021.parquet")
    futures = pd.read_parquet(shared_data / "crypto_bybit_perps_2020_2025.parquet")
    futures = futures.drop_duplicates(["date", "symbol"])
    closes, others = (
        rows.pivot(index="date", columns="symbol", values="close") for rows in (coins, futures)
    )
    symbols = pd.Series(closes.columns, index=closes.columns)
    other_symbols = pd.Series(others.columns.str.removesuffix("USDT"), index=others.columns)
    couples = pair(closes, others, symbols, other_symbols)
    # The exchange's other perpetuals began when the coins' table had ended.
    assert paired(couples) == {"BTC": "BTCUSDT", "LINK": "LINKUSDT", "LTC": "LTCUSDT"}
    assert couples["worst"].round(4).tolist() == [0.0044, 0.0078, 0.0053]
    wrong = pd.Series("LTC", index=["BTC", "LINK"])
    assert pair(closes, others, wrong, other_symbols).empty


def prices(asset_id: str, days: pd.DatetimeIndex, close: float) -> pd.DataFrame:
    rows = {"date": days, "asset_id": asset_id, "close": close, "volume": 1.0, "market_cap": 5.0}
    return price_frame(pd.DataFrame(rows))


WINDOW = pd.date_range(START, AS_OF)
PAIRS = pd.DataFrame({"asset_id": ["1"], "other_id": ["A/USDT"]})


def chosen(primary: pd.DatetimeIndex, fallback: pd.DatetimeIndex) -> str:
    _, sources = choose_sources(
        prices("1", primary, 1.0),
        prices("A/USDT", fallback, 2.0),
        PAIRS,
        AS_OF,
        START,
        ("cmc", "ccxt"),
    )
    assert sources.index.tolist() == ["1"]
    return str(sources["1"])


def test_the_primary_is_kept_where_it_has_the_as_of_day_and_all_but_two_percent() -> None:
    assert chosen(WINDOW, WINDOW) == "cmc"
    assert chosen(WINDOW.delete([5, 6]), WINDOW) == "cmc"
    assert chosen(WINDOW.delete([5, 6, 7]), WINDOW) == "ccxt"


def test_without_the_as_of_day_the_fallback_is_taken_if_it_has_more() -> None:
    assert chosen(WINDOW[:-1], WINDOW) == "ccxt"
    assert chosen(WINDOW[:-1], WINDOW[1:]) == "ccxt"  # as many, and the as-of day
    assert chosen(WINDOW[:-1], WINDOW[2:]) == "cmc"
    assert chosen(WINDOW[:-1], WINDOW[:-1]) == "cmc"


def test_the_fallback_is_held_to_its_own_first_day() -> None:
    # The primary lacks three of a hundred days, but one of the fifty that the fallback could have.
    assert chosen(WINDOW.delete([5, 6, 60]), WINDOW[50:]) == "cmc"
    # It lacks two of fifty, but has more days in all.
    assert chosen(WINDOW.delete([60, 61]), WINDOW[50:]) == "cmc"
    # What it has of days before does not make up for those that it lacks after.
    assert chosen(WINDOW[:20].union(WINDOW[41:]), WINDOW[20:]) == "ccxt"
    # It has the newest two weeks only.
    assert chosen(WINDOW[-14:], WINDOW[50:]) == "ccxt"


def test_days_outside_of_the_window_count_for_nobody_and_are_not_given() -> None:
    longer = pd.date_range("2023-06-01", "2024-06-01")
    rows, sources = choose_sources(
        prices("1", longer, 1.0), prices("A/USDT", longer, 2.0), PAIRS, AS_OF, START
    )
    assert sources.to_dict() == {"1": "primary"}
    pd.testing.assert_frame_equal(rows, prices("1", WINDOW, 1.0))
    early = pd.date_range("2023-06-01", periods=300)
    assert chosen(early[early < WINDOW[0]].union(WINDOW[-1:]), WINDOW) == "ccxt"


def test_assets_without_a_pair_stay_and_markets_without_one_are_left_out() -> None:
    primary = pd.concat([prices("1", WINDOW[:5], 1.0), prices("2", WINDOW[:5], 3.0)])
    fallback = pd.concat([prices("A/USDT", WINDOW, 2.0), prices("B/USDT", WINDOW, 4.0)])
    rows, sources = choose_sources(primary, fallback, PAIRS, AS_OF, START)
    assert sources.to_dict() == {"1": "fallback", "2": "primary"}
    assert sources.index.name == "asset_id"
    expected = pd.concat([prices("1", WINDOW, 2.0), prices("2", WINDOW[:5], 3.0)])
    pd.testing.assert_frame_equal(rows, expected.reset_index(drop=True))


def test_an_asset_that_only_the_fallback_knows_is_taken_from_it() -> None:
    rows, sources = choose_sources(
        prices("2", WINDOW, 1.0), prices("A/USDT", WINDOW, 2.0), PAIRS, AS_OF, START
    )
    assert sources.to_dict() == {"1": "fallback", "2": "primary"}
    assert len(rows) == 200


def test_nothing_at_all_gives_empty_tables() -> None:
    nothing = price_frame(pd.DataFrame())
    rows, sources = choose_sources(nothing, nothing, PAIRS[:0], AS_OF, START)
    assert rows.columns.tolist() == list(PRICE_COLUMNS)
    assert rows.empty
    assert sources.empty


IDS = st.sampled_from(["1", "2", "3"])
SOME_DAYS = st.dictionaries(IDS, st.sets(st.integers(0, 99), max_size=100))


@given(SOME_DAYS, SOME_DAYS)
def test_an_assets_rows_are_those_of_one_source_and_of_no_other(
    primary: dict[str, set[int]], fallback: dict[str, set[int]]
) -> None:
    def side(of: dict[str, set[int]], close: float, suffix: str) -> pd.DataFrame:
        frames = [
            prices(asset_id + suffix, WINDOW[sorted(days)], close) for asset_id, days in of.items()
        ]
        return price_frame(pd.concat(frames)) if frames else price_frame(pd.DataFrame())

    pairs = pd.DataFrame({"asset_id": ["1", "2"], "other_id": ["1/USDT", "2/USDT"]})
    sides = {"primary": side(primary, 1.0, ""), "fallback": side(fallback, 2.0, "/USDT")}
    rows, sources = choose_sources(sides["primary"], sides["fallback"], pairs, AS_OF, START)
    assert set(rows["asset_id"]) == set(sources.index)
    for asset_id, source in sources.items():
        mine = rows[rows["asset_id"] == asset_id].reset_index(drop=True)
        there = sides[str(source)]
        there = there[there["asset_id"].str.removesuffix("/USDT") == asset_id]
        expected = there.assign(asset_id=asset_id).astype({"asset_id": "str"})
        pd.testing.assert_frame_equal(mine, expected.reset_index(drop=True))
        assert not (source == "fallback" and asset_id == "3")


@pytest.mark.parametrize(
    ("others", "wrong"),
    [
        (OTHERS, []),
        (OTHERS * [1.0, 1.03], ["2"]),
        (OTHERS[:29] * 2.0, []),  # too few days to tell
    ],
)
def test_a_pair_is_refuted_by_thirty_days_that_do_not_agree(
    others: pd.DataFrame, wrong: list[str]
) -> None:
    found = refuted(compare(CLOSES, others, SYMBOLS, OTHER_SYMBOLS))
    assert found["asset_id"].to_list() == wrong


@pytest.mark.parametrize("times", [-1.0, -3.0])
def test_an_inverse_product_is_not_paired_however_calm_it_is(times: float) -> None:
    own = 100.0 * (walk() / 100.0) ** 0.01
    mirror = 100.0 * (own / 100.0) ** times
    assert np.abs(own / mirror - 1.0).max() < 0.02
    assert pairs_of(mirror, own) == {}
    assert pairs_of(own * 1.001, own) == {"1": "A/USDT"}


def test_two_noisy_quotes_of_a_pegged_coin_are_paired() -> None:
    paired_of = [
        pairs_of(1.0 + 0.001 * np.random.default_rng(seed).normal(size=40), np.ones(40))
        for seed in range(3)
    ]
    assert paired_of == [{"1": "A/USDT"}] * 3
    noise = [1.0 + 0.001 * np.random.default_rng(seed).normal(size=40) for seed in range(40)]
    fitting = [bool(pairs_of(a, b)) for a, b in zip(noise[::2], noise[1::2], strict=True)]
    assert sum(fitting) >= 19
