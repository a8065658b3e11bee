"""The envelope of an answer, and the values in it, as they were recorded and as they never were."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.coinmarketcap.answers import checked, made_at
from marketmap.sources.parsing import UnreadableError, as_json, as_text, parse_number, parse_text


def recorded(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "cmc_samples" / name).read_text(encoding="utf-8"))


def nested(depth: int) -> Any:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def body(code: Any = "0", **status: Any) -> dict[str, Any]:
    return {"status": {"error_code": code, **status}, "data": {"quotes": []}}


# --- the envelope


def test_an_answer_that_says_success_and_has_its_list_is_given_back(shared_data: Path) -> None:
    for name, key in [
        ("listing_2021-06_full_envelope.json", "cryptoCurrencyList"),
        ("listing_2022-03_full_envelope.json", "cryptoCurrencyList"),
        ("listing_2023-01_full_envelope.json", "cryptoCurrencyList"),
        ("historical_v3.1_2023-08_full_envelope.json", "quotes"),
    ]:
        answer = recorded(shared_data, name)
        assert checked(answer, key) is answer


@pytest.mark.parametrize("code", ["0", 0, None, "", 0.0, False, []])
def test_success_is_said_in_many_ways(code: object) -> None:
    assert checked(body(code), "quotes")["data"] == {"quotes": []}
    assert checked({"data": {"quotes": []}}, "quotes")
    assert checked({"data": {"quotes": []}, "status": None}, "quotes")
    assert checked({"data": {"quotes": []}, "status": "fine"}, "quotes")


def test_recorded_errors_are_errors(shared_data: Path) -> None:
    refused = recorded(shared_data, "error_code400_from_test_fixture.json")
    with pytest.raises(SourceError, match='error 400: "value" must contain') as caught:
        checked(refused, "quotes")
    assert not isinstance(caught.value, SourceDownError)
    with pytest.raises(SourceDownError, match="error 500: The system is busy") as busy:
        checked(recorded(shared_data, "error_code500_listing_past_end_2021.json"), "quotes")
    assert not busy.value.is_busy


@pytest.mark.parametrize(
    ("code", "is_down", "is_busy"),
    [
        ("429", True, True),
        (429, True, True),
        ("500", True, False),
        (503, True, False),
        ("599", True, False),
        ("5", False, False),
        ("5000", False, False),
        ("1001", False, False),
        ("400", False, False),
        (True, False, False),
        ("00", False, False),
        ([0], False, False),
    ],
)
def test_an_error_is_down_where_asking_later_may_help(
    code: object, is_down: bool, is_busy: bool
) -> None:
    # There is data beside it, which is not to be trusted.
    with pytest.raises(SourceError, match=r"^the answer says error .*: sorry") as caught:
        checked(body(code, error_message="sorry"), "quotes")
    assert isinstance(caught.value, SourceDownError) is is_down
    if isinstance(caught.value, SourceDownError):
        assert caught.value.is_busy is is_busy
        assert caught.value.retry_after is None


def test_an_error_is_told_in_one_short_line() -> None:
    with pytest.raises(SourceError) as caught:
        checked(body("x" * 1000, error_message="a\nb\x1b[31m\ud800" + "c" * 1000), "quotes")
    said = str(caught.value)
    assert said.startswith(f"the answer says error {'x' * 20}: a b[31m?ccc")
    assert len(said) < 200


@pytest.mark.parametrize(
    "value",
    [[], None, "text", 1.5, {}, {"data": None}, {"data": {"quotes": None}}, {"data": []}],
    ids=json.dumps,
)
def test_a_body_of_another_shape_is_an_error(value: object) -> None:
    with pytest.raises(SourceError, match=r"^the answer (is no JSON object|has no list data\.)"):
        checked(value, "quotes")


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_however_deep_a_body_is_nothing_but_its_own_errors_come(depth: int) -> None:
    assert depth < sys.getrecursionlimit()
    value = nested(depth)
    for answer in (body(value), body("400", error_message=value)):
        with pytest.raises(SourceError):
            checked(answer, "quotes")
    with pytest.raises(UnreadableError):
        parse_number(value)
    assert parse_text(value) == as_text(value)[:100]
    assert isinstance(as_json(value), str)


# --- when it was made


def test_it_says_when_it_was_made(shared_data: Path) -> None:
    answer = recorded(shared_data, "listing_2021-06_full_envelope.json")
    assert made_at(answer) == "2021-06-26T09:10:02.180Z"
    assert made_at(recorded(shared_data, "historical_v3.1_2025-11_data_1d.json")) is None


@pytest.mark.parametrize("value", [None, [], "x", {}, {"status": []}, {"status": {}}, body()])
def test_or_it_does_not(value: object) -> None:
    assert made_at(value) is None
    for moment in (5, None, ["2021"], {}):
        assert made_at(body(timestamp=moment)) is None


# --- values


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, 1.0),
        (-2.5, -2.5),
        ("1", 1.0),
        ("+1.50", 1.5),
        ("-1.", -1.0),
        ("0E-30", 0.0),
        ("2.1E+7", 2.1e7),
        ("1e308", 1e308),
        (10**300, 1e300),
        ("9" * 300, 1e300),
    ],
)
def test_a_number_may_be_written_as_text(value: object, read: float) -> None:
    assert parse_number(value) == read


def test_null_is_unknown() -> None:
    assert math.isnan(parse_number(None))


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "1 ", " 1", "1\n", "1_0", "0x1", "1,5", "12,5", "n/a", "--", ".5", "1e", "e5"),
        *("NaN", "nan", "Infinity", "-inf", "1e309", "9" * 400, "\u0661", "\ud800"),
        *(True, False, [], [1], {}, {"a": 1}, math.nan, math.inf, -math.inf, 10**400, -(10**400)),
    ],
    ids=repr,
)
def test_anything_else_is_unreadable_and_told_briefly(value: object) -> None:
    with pytest.raises(UnreadableError, match=r"^.{0,40} where a number belongs$") as caught:
        parse_number(value)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_to_the_last_digit(value: float) -> None:
    assert parse_number(value) == value
    assert parse_number(repr(value)) == value
    assert parse_number(json.loads(json.dumps(value))) == value


def test_a_label_is_one_line_that_can_be_stored_and_shown() -> None:
    assert parse_text("  A\tb\n\u00a0c ") == "A b c"
    assert parse_text("a\x00b\x1b[31mc\x7fd\u200be\u202ef") == "ab[31mcdef"
    assert parse_text("a\ud800b") == "a?b"
    assert parse_text("\u00e9\u20ac\U0001f600") == "\u00e9\u20ac\U0001f600"
    assert parse_text("x" * 500) == "x" * 100
    assert parse_text(None) == "None"
    assert parse_text(15.0) == "15.0"
    assert parse_text("\x00\u200b") == ""


@given(st.text(st.characters(codec=None)))
def test_whatever_a_label_is_it_can_be_stored(value: str) -> None:
    label = parse_text(value)
    assert label.encode("utf-8").decode("utf-8") == label
    assert label.isprintable()
    assert len(label) <= 100


def test_parts_are_written_down_in_ascii_and_not_without_end() -> None:
    assert as_json({"a": [1, None, "\u00e9\ud800"]}) == r'{"a": [1, null, "\u00e9\ud800"]}'
    assert as_json(math.nan) == "NaN"
    assert as_json("x" * 5000) == '"' + "x" * 999
    assert as_json(nested(100_000)) == "list"
