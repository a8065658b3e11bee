"""What every step works with: a map's source, whose errors name where it is written."""

from pathlib import Path

import pytest

from flows.steps.context import map_context, source_of
from marketmap.config import Config, load_config
from marketmap.errors import ConfigError, DataError
from tests.support.price_markets import random_market


def config_of(folder: Path, source: str) -> Config:
    path = folder / "mine.yaml"
    path.write_text(f"maps: {{stocks: {{source: {source}}}}}")
    return load_config(path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("gone.csv", "no such file, expected a file of prices"),
        ("folder.csv", "is a folder, expected a file of prices"),
        ("prices.doc", "unknown kind of file, expected .csv"),
        ("empty.csv", "missing columns date, symbol, close"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_key_it_is_written_by(
    tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("prices.doc", "empty.csv"):
        (tmp_path / name).touch()
    config = config_of(tmp_path, f"{{kind: files, path: {path}}}")
    with pytest.raises(DataError) as raised:
        map_context(config, "stocks")
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / path}: {said}")
    assert message.endswith(f" ({tmp_path / 'mine.yaml'}: maps.stocks.source.path)")
    assert "\n" not in message


def test_an_exchange_that_is_not_known_is_named_with_the_key_it_is_written_by(
    tmp_path: Path,
) -> None:
    config = config_of(tmp_path, "{kind: ccxt, exchange: no_such_exchange}")
    with pytest.raises(ConfigError, match=r"\(.*mine\.yaml: maps\.stocks\.source\)$"):
        map_context(config, "stocks")


def test_a_map_that_is_not_there_is_told_with_the_file_that_was_read(tmp_path: Path) -> None:
    config = config_of(tmp_path, "{kind: simulated}")
    with pytest.raises(ConfigError) as raised:
        map_context(config, "gold")
    assert str(raised.value) == f"no map 'gold' in {tmp_path / 'mine.yaml'}; it has: stocks"


def test_a_file_that_does_not_fit_its_calendar_is_told_with_the_key_too(tmp_path: Path) -> None:
    market = random_market(calendar="B").rename(columns={"asset_id": "symbol"})
    market.to_csv(tmp_path / "prices.csv", index=False)
    config = config_of(tmp_path, "{kind: files, path: prices.csv, calendar: daily}")
    with pytest.raises(DataError, match=r"sessions.* \(.*mine\.yaml: maps\.stocks\.source\.path\)"):
        source_of(config, "stocks")
