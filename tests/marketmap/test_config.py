from pathlib import Path
from typing import Any

import pytest

from marketmap.config import load_config, parse_config
from marketmap.errors import ConfigError
from marketmap.settings import FilesSettings, MapSettings
from tests.conftest import ROOT


def parse(**content: Any) -> Any:
    return parse_config(content, folder=Path("somewhere"), origin="config.yaml")


def one_map(**settings: Any) -> dict[str, Any]:
    return {"a": {"source": {"kind": "simulated"}, **settings}}


def test_the_projects_own_config_is_valid_and_says_what_the_defaults_are() -> None:
    config = load_config(ROOT / "config.yaml")
    assert config.default_map == "crypto"
    assert list(config.maps) == ["crypto", "stocks", "demo"]
    plain = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    crypto = config.map_settings("crypto")
    assert crypto.model == plain.model
    assert crypto.gates == plain.gates
    assert (crypto.window_days, crypto.returns) == (plain.window_days, plain.returns)
    bare = parse(maps=one_map())
    assert config.fetch == bare.fetch


def test_every_setting_stands_in_the_projects_config_with_a_comment() -> None:
    text = (ROOT / "config.yaml").read_text()
    settings = load_config(ROOT / "config.yaml").map_settings("crypto").model_dump(mode="json")
    for section in (settings["model"], {"gates": settings["gates"]}):
        for name, values in section.items():
            assert f"{name}:" in text
            for key in values:
                assert f"{key}:" in text


def test_defaults_lie_under_every_map_key_by_key() -> None:
    config = parse(
        defaults={"window_days": 90, "universe": {"size": 20, "rank_by": "turnover"}},
        maps={**one_map(universe={"size": 30}), "b": {"source": {"kind": "coinmarketcap"}}},
    )
    assert config.maps["a"].universe.size == 30
    assert config.maps["a"].universe.rank_by == "turnover"
    assert config.maps["b"].universe.size == 20
    assert config.maps["b"].window_days == 90


def test_relative_paths_start_at_the_files_own_folder(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("maps: {s: {source: {kind: files, path: prices.csv}}}\n")
    config = load_config(path)
    assert config.folder == tmp_path
    assert config.database == tmp_path / "data" / "marketmap.duckdb"
    assert config.published == tmp_path / "data" / "published" / "marketmap.duckdb"
    assert config.report("s", "2024-01-02") == tmp_path / "data/reports/s/2024-01-02.html"
    source = config.map_settings("s").source
    assert isinstance(source, FilesSettings)
    assert source.path == Path("prices.csv")  # the folder is no part of a map's identity


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "config.yaml: maps: is missing"),
        ({"maps": {}}, "maps: expected at least one$"),
        ({"maps": {"a": None}}, "maps.a: expected keys and values"),
        ({"maps": {"a": {}}}, "maps.a.source: is missing"),
        ({"maps": {"A b": {"source": {"kind": "simulated"}}}}, "map name 'A b' must be lower-case"),
        (
            {"maps": {"a": {"source": {"kind": "ftp"}}}},
            "kind must be coinmarketcap, ccxt, files or simulated, got 'ftp'",
        ),
        ({"maps": {"a": {"source": {"kind": "files"}}}}, "maps.a.source.path: is missing"),
        ({"maps": one_map(), "folder": "x"}, "unknown key 'folder'"),
        ({"maps": one_map(), "file": "x"}, "unknown key 'file'"),
        ({"maps": one_map(), "defaults": [1]}, "defaults: expected keys and values"),
        ({"maps": one_map(), "fetch": {"attempts": 0}}, "fetch.attempts: .* greater than 0, got 0"),
        ({"maps": one_map(), "schedule": {"maps": ["z"]}}, "schedule.maps names 'z'"),
        ({"maps": one_map(window=3)}, "unknown key 'maps.a.window'; did you mean window_days"),
        ({"maps": one_map(window_days="many")}, "maps.a.window_days: .* integer.*, got 'many'"),
        ({"maps": {1: one_map()["a"]}}, "maps.1.*: expected a valid string, got 1"),
        ({"maps": one_map(window_days=1)}, "window_days: expected a number greater .*, got 1"),
        ({"maps": one_map(returns="logs")}, "expected 'log', 'simple' or 'intraday', got 'logs'"),
        ({"maps": one_map(universe={"size": 9, "candidates": 5})}, r"candidates \(5\) must be at"),
        (
            {"maps": one_map(model={"precision": {"alphas": [0.1, -1]}})},
            r"model.precision.alphas.1: .* greater than 0, got -1",
        ),
        (
            {"maps": one_map(model={"precision": {"alphas": []}})},
            "model.precision.alphas: .* valid integer or: expected at least one$",
        ),
        (
            {"maps": one_map(model={"clustering": {"preference": "mean"}})},
            "model.clustering.preference: .* valid number.* or: .* 'median', got 'mean'",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_with_its_key(
    content: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse(**content)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("maps:\n  a: {source: {kind: simulated}}\n  a: {source: {kind: simulated}}\n")
    with pytest.raises(ConfigError, match="key 'a' is there twice"):
        load_config(path)


def test_a_file_that_is_not_there_is_told_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing.yaml: cannot be read \(No such file"):
        load_config(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    ("defaults", "own", "message"),
    [
        ({"window_day": 3}, {}, "unknown key 'defaults.window_day'; did you mean window_days"),
        ({"window_days": "x"}, {}, "defaults.window_days: expected a valid integer"),
        ({"window_days": "x"}, {"window_days": "y"}, "maps.a.window_days: .* got 'y'"),
        ({"gates": {"jump": 0}}, {"gates": {"max_frozen": 0.1}}, "defaults.gates.jump: .* got 0"),
        ({"model": 3}, {}, "defaults.model: expected keys and values, got 3"),
        ({"universe": {"size": 9}}, {"universe": {"candidates": 5}}, "maps.a.universe: candidates"),
    ],
)
def test_a_wrong_setting_is_told_where_it_stands_in_defaults_or_in_a_map(
    defaults: dict[str, Any], own: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(defaults=defaults, maps=one_map(**own))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maps:\n  a: [", "not valid YAML: line 2, column 7: expected the node content"),
        ("a: 1\na: 2", "not valid YAML: line 1, column 1: key 'a' is there twice"),
        ("end: 2026-02-30", "not valid YAML: day is out of range for month"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path)


@pytest.mark.parametrize("text", ["maps: [", "just words", ""])
def test_a_file_that_is_no_mapping_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_map_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no map 'x' in config\.yaml; it has: a"):
        parse(maps=one_map()).map_settings("x")


def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"maps: \xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_config(path)


def test_a_day_that_no_calendar_has_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("maps: {a: {source: {kind: simulated, end: 2025-02-30}}}\n")
    with pytest.raises(ConfigError, match="day is out of range for month"):
        load_config(path)


def test_a_map_may_be_called_as_a_kind_of_source_is() -> None:
    with pytest.raises(ConfigError, match=r"maps\.files\.source\.path: is missing"):
        parse(maps={"files": {"source": {"kind": "files"}}})


IDS = ["ON", "NO", "off", "0700", "12:30", "1.5e+3", "2024-01-31", "NULL", "~", "0x1F", "1_000"]


@pytest.mark.parametrize("id_", IDS)
@pytest.mark.parametrize(
    ("where", "yaml"),
    [
        ("maps.a.universe.excluded_assets.1", "universe: {excluded_assets: [BTC, %s]}"),
        ("maps.a.universe.excluded_tags.0", "universe: {excluded_tags: [%s]}"),
        ("maps.a.source.columns.close", "source: {kind: files, path: x, columns: {close: %s}}"),
    ],
)
def test_text_that_yaml_misreads_is_told_with_how_to_write_it(
    tmp_path: Path, where: str, yaml: str, id_: str
) -> None:
    path = tmp_path / "config.yaml"
    lines = ["maps:", "  a:", "    source: {kind: simulated}", f"    {yaml % id_}"]
    path.write_text("\n".join([line for line in lines if "source" not in yaml or line != lines[2]]))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: {where}: YAML reads {id_} as ")
    assert message.endswith(f'; expected text in quotes: "{id_}"')
    path.write_text(path.read_text().replace(id_, f'"{id_}"'))
    load_config(path)


def test_misread_text_of_the_defaults_is_told_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "defaults: {universe: {excluded_assets: [ON, NO, 0700]}}\n"
        "maps: {a: {source: {kind: simulated}}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path}: defaults.universe.excluded_assets.0: YAML reads ON as True; "
        'expected text in quotes: "ON"'
    )


@pytest.mark.parametrize("key", ["no", "0700", "~", "2024-01-31"])
def test_a_key_that_yaml_misreads_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"maps:\n  {key}: {{source: {{kind: simulated}}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path}: not valid YAML: line 2, column 3: YAML reads the key {key} as something else "
        f'than text; expected "{key}", in quotes'
    )


def test_an_id_where_a_list_belongs_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"excluded_assets: expected a list, such as \[A, B\], g"):
        parse(maps=one_map(universe={"excluded_assets": "BTC"}))


@pytest.mark.parametrize("date_format", ["d/m/Y", "%d/%m", "%H:%M", "dd.mm.yyyy", ""])
def test_a_format_that_names_no_day_is_refused(date_format: str) -> None:
    source = {"kind": "files", "path": "x.csv", "date_format": date_format}
    with pytest.raises(ConfigError, match=r"source\.date_format: expected a format of a day"):
        parse(maps=one_map(source=source))
