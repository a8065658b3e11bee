import pandas as pd
import pytest

from reports.text import (
    asset_labels,
    change,
    number,
    percent,
    plotly_text,
    shorten,
    signed,
    told_sources,
)


def test_plotly_text_leaves_no_tag_alive() -> None:
    assert plotly_text("<a href='x'>&lt;") == "&lt;a href='x'&gt;&amp;lt;"


def test_shorten_keeps_what_fits_and_marks_what_it_cut() -> None:
    assert shorten("12345", 5) == "12345"
    assert shorten("123456", 5) == "1234…"


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "+0.123"), (-0.5, "\N{MINUS SIGN}0.500"), (0.0, "+0.000")]
)
def test_signed_uses_a_true_minus(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.52238, "0.5224"),
        (1234.56, "1,235"),
        (5.7137e-05, "5.714e-05"),
        (-4e-17, "\N{MINUS SIGN}4.000e-17"),
        (2.5e7, "2.500e+07"),
        (float("inf"), "inf"),
    ],
)
def test_number_has_four_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (1.254, "+25 %"),
        (0.16, "\N{MINUS SIGN}84 %"),
        (0.9999, "0 %"),
        (13.2, "\N{MULTIPLICATION SIGN}13"),
    ],
)
def test_change_says_what_became_of_a_price(factor: float, text: str) -> None:
    assert change(factor) == text


def test_percent() -> None:
    assert percent(0.6667) == "66.7 %"
    assert (percent(0.0), percent(1.0)) == ("0.0 %", "100.0 %")


def test_some_is_never_written_as_none_nor_most_as_all() -> None:
    assert [percent(0.0004), percent(0.9996)] == ["under 0.1 %", "over 99.9 %"]
    assert [percent(0.00001, 2), percent(0.99999, 2)] == ["under 0.01 %", "over 99.99 %"]
    assert [percent(0.0006), percent(0.9994)] == ["0.1 %", "99.9 %"]


def test_assets_that_share_a_symbol_are_told_apart_by_id() -> None:
    assets = pd.DataFrame({"symbol": ["HOT", "BTC", "HOT"]}, index=["5", "1", "9"])

    assert asset_labels(assets).tolist() == ["HOT (5)", "BTC", "HOT (9)"]


def test_one_source_needs_no_count() -> None:
    assert told_sources({"a": 7}) == "a"
    assert told_sources({"a": 98, "ccxt:b": 2}) == "a (98), ccxt:b (2)"


def test_a_name_is_shown_no_wider_than_can_be_read_and_turns_no_text_around() -> None:
    assets = pd.DataFrame({"symbol": ["x" * 10_000, "\u202egnp.exe"]}, index=["1", "2"])

    assert asset_labels(assets).tolist() == ["x" * 59 + "…", "\\u202egnp.exe"]
