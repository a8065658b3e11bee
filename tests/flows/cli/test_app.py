"""The command line: its words, its formats and its exit codes."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import networkx as nx
import pyarrow.parquet as pq
import pytest
import yaml

import storage
from tests.support.command import Desk, heed_ctrl_c, map_config

COMMANDS = (
    "run",
    "report",
    "backfill",
    "rebuild",
    "sql",
    "export",
    "serve",
    "maps",
    "doctor",
    "backup",
    "restore",
)
QUERY = "select symbol, cluster, market_cap from latest_clusters order by rank limit 3"


def error(run: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of an error."""
    assert run.returncode == 2, run.stderr
    lines = run.stderr.splitlines()
    assert lines[-1].startswith("error: "), run.stderr
    assert "Traceback" not in run.stderr
    return lines[-1].removeprefix("error: ")


def test_help_lists_every_command(desk: Desk) -> None:
    shown = desk.run_anew("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_gives_an_example_without_colour_codes(desk: Desk, command: str) -> None:
    shown = desk.run(command, "--help")
    assert shown.returncode == 0
    assert f"Example: marketmap {command}" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_version_is_told(desk: Desk) -> None:
    assert desk.run_anew("--version").stdout == "marketmap 0.1.0\n"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("maps: {demo: {source: {kind: simulated}, windowdays: 3}}", "unknown key"),
        ("maps: {demo: {source: {kind: simulated}, window_days: many}}", "window_days"),
        ("maps: {demo: {source: {kind: simulate}}}", "source"),
        ("maps: {}", "maps"),
        ("maps: [", "not valid YAML"),
        ("", "expected keys"),
    ],
)
def test_a_wrong_config_is_named_in_one_line(desk: Desk, config: str, expected: str) -> None:
    desk.write(config)
    for command in ("run", "report", "maps"):
        message = error(desk.run(command))
        assert message.startswith("config.yaml: ")
        assert expected in message
    assert [path.name for path in desk.folder.iterdir()] == ["config.yaml"]


def test_a_missing_config_is_named(desk: Desk) -> None:
    assert error(desk.run("run", "--config", "other.yaml")).startswith("other.yaml: cannot be read")
    assert error(desk.run("--config", "other.yaml", "run")).startswith("other.yaml: cannot be read")


def test_the_config_may_be_named_by_a_variable(desk: Desk) -> None:
    (desk.folder / "config.yaml").rename(desk.folder / "mine.yaml")
    named = Desk(desk.folder, {"MARKETMAP_CONFIG": "mine.yaml"})
    assert named.run("maps").stdout.startswith("demo (simulated, the default): no stored day; ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--map", "gold"), "no map 'gold' in config.yaml; it has: demo"),
        (
            ("run", "--as-of", "tomorrow"),
            "--as-of 'tomorrow': no such day; expected one such as 2026-01-31",
        ),
        (
            ("backfill", "--from", "2025-1"),
            "--from '2025-1': no such day; expected one such as 2026-01-31",
        ),
        (("rebuild", "--to", "x"), "--to 'x': no such day; expected one such as 2026-01-31"),
    ],
)
def test_a_wrong_option_is_named(desk: Desk, arguments: tuple[str, ...], expected: str) -> None:
    assert error(desk.run(*arguments)) == expected


@pytest.mark.parametrize(
    "arguments", [("fly",), ("run", "--fast"), ("sql", "--format", "xml", "x")]
)
def test_wrong_usage_ends_with_exit_code_2(desk: Desk, arguments: tuple[str, ...]) -> None:
    run = desk.run(*arguments)
    assert run.returncode == 2
    assert "Usage: " in run.stderr


@pytest.mark.parametrize(
    "arguments", [("report",), ("sql", "from runs"), ("export",), ("sql", "--list")]
)
def test_what_reads_says_when_nothing_is_published(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert "no map has been published there yet; run: marketmap run" in error(desk.run(*arguments))


def test_a_data_folder_that_cannot_be_written_is_named(desk: Desk) -> None:
    (desk.folder / "file").write_text("in the way")
    desk.write({**map_config(), "data_dir": "file/data"})
    assert error(desk.run("run")).startswith("file/data: cannot be written to (Not a directory)")


def test_a_missing_price_file_is_named(desk: Desk) -> None:
    desk.write(map_config({"kind": "files", "path": "none.csv"}))
    assert "none.csv" in error(desk.run("run"))


def test_a_prefect_server_that_is_not_there_is_named(desk: Desk) -> None:
    away = Desk(desk.folder, {"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    expected = "PREFECT_API_URL=http://127.0.0.1:9/api: no server answers; start it, or unset it"
    for command in ("run", "serve"):
        assert error(away.run(command)) == expected


def test_ctrl_c_ends_with_a_word(desk: Desk) -> None:
    process = subprocess.Popen(
        desk.command("run"),
        cwd=desk.folder,
        env=desk.variables(),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("no Prefect server is up")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted; ")


def test_sql_prints_aligned_text_where_nobody_watches(made: Desk) -> None:
    lines = made.run("sql", QUERY).stdout.splitlines()
    assert lines[0].split() == ["symbol", "cluster", "market_cap"]
    assert set(lines[1]) == {"-", " "}
    assert len(lines) == 5
    assert len({line.rindex(line.split()[-1]) + len(line.split()[-1]) for line in lines}) == 1


def test_sql_gives_every_row_to_a_pipe(made: Desk) -> None:
    assert len(made.run("sql", "from range(200)").stdout.splitlines()) == 202


def test_sql_shows_null_and_what_must_not_be_printed(made: Desk) -> None:
    shown = made.run("sql", "select null as a, chr(27) || '[31mred' as b").stdout
    assert "NULL" in shown
    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown


def test_sql_writes_csv_json_and_parquet(
    made: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = storage.query(QUERY, made.published)
    rows = list(csv.DictReader(io.StringIO(made.run("sql", QUERY, "--format", "csv").stdout)))
    assert [row["symbol"] for row in rows] == table["symbol"].to_pylist()
    assert [float(row["market_cap"]) for row in rows] == table["market_cap"].to_pylist()
    assert json.loads(made.run("sql", QUERY, "--format", "json").stdout) == table.to_pylist()
    to = tmp_path_factory.mktemp("out") / "new" / "answer.parquet"
    written = made.run("sql", QUERY, "--format", "parquet", "--output", str(to))
    assert written.returncode == 0, written.stderr
    assert pq.read_table(to).equals(table)
    assert written.stdout == f"written: {to}\n"


def test_sql_json_has_a_word_for_everything(made: Desk) -> None:
    query = "select 'nan'::double as a, date '2026-01-31' as b, [1, null] as c, {'d': 1.5} as e"
    (row,) = json.loads(made.run("sql", query, "-f", "json").stdout)
    assert row == {"a": None, "b": "2026-01-31", "c": [1, None], "e": {"d": 1.5}}
    assert json.loads(made.run("sql", "from range(0)", "-f", "json").stdout) == []


def test_sql_csv_writes_lists_as_json(made: Desk) -> None:
    shown = made.run("sql", "select ['a', 'b'] as tags", "-f", "csv").stdout
    assert list(csv.DictReader(io.StringIO(shown))) == [{"tags": '["a", "b"]'}]


def test_sql_reads_a_query_from_standard_input(made: Desk) -> None:
    shown = made.run("sql", "-f", "csv", stdin="select 1 as one")
    assert shown.stdout == '"one"\n1\n'
    assert "no query given" in error(made.run("sql", stdin="  \n"))


def test_sql_asks_an_example_by_its_name_about_a_map(made: Desk) -> None:
    shown = made.run("sql", "--example", "cluster_sizes", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert {row["map"] for row in rows} == {"demo"}
    assert sum(int(row["n_assets"]) for row in rows) == made.ask("from latest_clusters").num_rows
    named = made.run("sql", "-e", "cluster_sizes", "-f", "csv", "--map", "demo")
    assert named.stdout == shown.stdout
    assert shown.stderr == ""
    asked = ("sql", "--example", "cluster_sizes")
    assert "no day of map 'other' is stored; write --map and one of: demo" in error(
        made.run(*asked, "--map", "other")
    )
    assert "--map is for --example" in error(made.run("sql", "from runs", "--map", "demo"))
    assert "give either it or a query" in error(made.run(*asked, "from runs"))


def test_sql_says_what_to_write_instead_of_a_name(made: Desk) -> None:
    def message(*arguments: str) -> str:
        return error(made.run("sql", *arguments))

    close = "--example cluster_size: there is no such example; did you mean cluster_sizes?"
    assert message("--example", "cluster_size") == close
    assert message("--example", "latest_runs").endswith("; marketmap sql --list names all")
    assert message("cluster_sizes").endswith("; write: marketmap sql --example cluster_sizes")
    assert message("latest_runs").endswith('; write: marketmap sql "from latest_runs"')


@pytest.mark.parametrize(
    "command",
    [("sql", "--example", "cluster_sizes"), ("report",), ("export", "-f", "edges"), ("rebuild",)],
)
def test_what_reads_takes_the_only_stored_map_or_says_which_there_are(
    made: Desk, command: tuple[str, ...]
) -> None:
    config = map_config()
    config["maps"] = {"other": config["maps"]["demo"], **config["maps"]}  # type: ignore[index, dict-item]
    (made.folder / "two.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    shown = made.run(*command, "--config", "two.yaml")
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr.startswith("map demo, the only one that is stored\n")
    assert error(made.run(*command, "--map", "other", "--config", "two.yaml")) == (
        "no day of map 'other' is stored; write --map and one of: demo; "
        "to make one: marketmap run --map other"
    )


def test_a_stored_map_that_config_yaml_names_no_more_is_listed(made: Desk) -> None:
    config = map_config()
    config["maps"] = {"other": config["maps"]["demo"]}  # type: ignore[index]
    (made.folder / "later.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    assert made.run("maps", "--config", "later.yaml").stdout.splitlines() == [
        "other (simulated, the default): no stored day; make one: marketmap run --map other",
        "demo (not in later.yaml): 1 stored day, 2025-12-31",
    ]


def test_export_writes_no_graphml_into_a_csv(made: Desk) -> None:
    message = error(made.run("export", "--output", "map.csv"))
    assert message == "--output map.csv: GraphML is no CSV; add --format edges or nodes"
    assert not (made.folder / "map.csv").exists()


def test_an_example_that_finds_nothing_says_so_in_one_line(made: Desk) -> None:
    shown = made.run("sql", "--example", "cluster_of_asset")
    assert (shown.returncode, shown.stdout) == (0, "")
    (line,) = shown.stderr.splitlines()
    path = re.search(r"change a copy of (\S+) and run: marketmap sql < copy.sql$", line)
    assert line.startswith("no rows of map demo; ")
    assert path
    assert Path(path[1]).read_text() == storage.cookbook()["cluster_of_asset"]
    shown = made.run("sql", "--example", "cluster_of_asset", "-f", "csv")
    assert shown.stdout.startswith('"map","asset_id","symbol"')  # a program's table has its columns


def test_sql_lists_views_and_examples(made: Desk) -> None:
    shown = made.run("sql", "--list").stdout
    assert made.run("sql", stdin="").stdout == shown
    assert "  latest_clusters(map, asset_id, symbol, name, cluster, is_exemplar" in shown
    for name in storage.cookbook():
        assert f"  {name}: " in shown
    told = [line for line in shown.split("Examples, ")[1].splitlines()[1:] if line]
    assert [line for line in told if not line.endswith(("?", "."))] == []
    assert "  changed_company: Which assets keep other company than a week ago?" in told


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("drop table store.runs", "expected a query such as SELECT or FROM"),
        ("select 1; select 2", "expected one SQL query, got 2 statements"),
        ("from nowhere", "nowhere does not exist! .* All views: marketmap sql$"),
        ("from 'config.yaml'", "SQL: "),
        ("selec 1", "SQL: "),
    ],
)
def test_sql_errors_are_one_line(made: Desk, query: str, expected: str) -> None:
    assert re.search(expected, error(made.run("sql", query)))


def test_export_gives_graphml_that_networkx_reads(made: Desk) -> None:
    graph = nx.read_graphml(io.BytesIO(made.run("export").stdout.encode()))
    structure = storage.load("demo", database=made.published)
    assert set(graph.nodes) == set(structure.assets.index)
    assert graph.number_of_edges() == len(structure.edges)
    for asset_id, data in graph.nodes(data=True):
        assert data["symbol"] == structure.assets.loc[asset_id, "symbol"]
        assert data["cluster"] == structure.assets.loc[asset_id, "cluster"]
    edge = structure.edges.iloc[0]
    data = graph.edges[edge["asset_id_a"], edge["asset_id_b"]]
    assert data["partial_correlation"] == pytest.approx(edge["partial_correlation"], rel=1e-12)
    assert data["weight"] == pytest.approx(abs(edge["partial_correlation"]), rel=1e-12)


def test_export_gives_edges_and_nodes_as_csv(made: Desk) -> None:
    structure = storage.load("demo", database=made.published)
    edges = list(csv.DictReader(io.StringIO(made.run("export", "-f", "edges").stdout)))
    assert [float(edge["partial_correlation"]) for edge in edges] == list(
        structure.edges["partial_correlation"]
    )
    assert edges[0]["symbol_a"] == structure.assets.loc[edges[0]["asset_id_a"], "symbol"]
    nodes = list(csv.DictReader(io.StringIO(made.run("export", "-f", "nodes").stdout)))
    assert [node["asset_id"] for node in nodes] == list(structure.graph.nodes)


def test_export_to_a_file_says_where_it_is(made: Desk, tmp_path: Path) -> None:
    run = made.run("export", "--output", str(tmp_path / "map.graphml"))
    assert run.stdout == f"written: {tmp_path / 'map.graphml'}\n"
    assert nx.read_graphml(tmp_path / "map.graphml").number_of_nodes() > 0


def test_export_says_when_a_file_cannot_be_written(made: Desk) -> None:
    message = error(made.run("export", "--output", "config.yaml/x.graphml"))
    assert message == "config.yaml/x.graphml: not written: File exists"


def test_report_is_drawn_again_from_the_database_alone(made: Desk) -> None:
    report = made.folder / "data" / "reports" / "demo" / "2025-12-31.html"
    drawn = report.read_bytes()
    report.unlink()
    run = made.run("report")
    assert (run.returncode, run.stdout) == (0, f"{report.relative_to(made.folder)}\n")
    assert report.read_bytes() == drawn
    assert "2025-12-31" in error(made.run("report", "--as-of", "2025-12-24"))


def test_maps_are_listed_with_their_days(made: Desk) -> None:
    expected = "demo (simulated, the default): 1 stored day, 2025-12-31\n"
    assert made.run("maps").stdout == expected


def test_doctor_finds_nothing_wrong_where_all_is_well(made: Desk) -> None:
    run = made.run("doctor")
    assert run.returncode == 0, run.stdout
    said = dict(line.split(maxsplit=1)[::-1] for line in run.stdout.splitlines())
    assert "fail" not in said.values()
    assert any(
        "source of demo: simulated:" in line and " can be read; last day" in line
        for line in run.stdout.splitlines()
    )
    checked = [line.split(maxsplit=1)[1].split(":")[0] for line in run.stdout.splitlines()]
    assert checked == [
        "config",
        "data folder",
        "disk",
        "solver",
        "database",
        "runs",
        "published copy",
        "reports",
        "prefect",
        "source of demo",
        "maps of demo",
    ]


def test_doctor_says_what_is_wrong_and_what_to_do(desk: Desk) -> None:
    away = {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    desk.write(map_config({"kind": "files", "path": "none.csv"}))
    run = Desk(desk.folder, away).run("doctor")
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert any(line.startswith("warn  source of demo: ") and "none.csv" in line for line in lines)
    assert (
        "fail  prefect: no server answers at PREFECT_API_URL=http://127.0.0.1:9/api" in run.stdout
    )
    assert "warn  database: data/marketmap.duckdb is not there yet" in run.stdout
    desk.write("maps: {}")
    assert desk.run("doctor").stdout.startswith("fail  config: config.yaml: maps")


def test_a_map_that_was_never_made_is_no_failure_unless_it_is_asked_for_by_name(
    made: Desk,
) -> None:
    config = map_config()
    source = {"kind": "files", "path": "none.csv"}
    config["maps"]["later"] = {"source": source}  # type: ignore[index]
    made.write(config)
    try:
        every, named = made.run("doctor"), made.run("doctor", "--map", "later")
    finally:
        made.write(map_config())
    (line,) = [line for line in every.stdout.splitlines() if "source of later" in line]
    assert line.startswith("warn  source of later: ")
    assert (every.returncode, named.returncode) == (0, 1)
    assert line.replace("warn", "fail", 1) in named.stdout


def test_a_source_that_does_not_answer_is_told_with_advice(desk: Desk) -> None:
    nobody = {"kind": "coinmarketcap", "base_url": "http://127.0.0.1:9"}
    desk.write({**map_config(nobody), "fetch": {"attempts": 1}})
    message = error(desk.run("run"))
    assert "127.0.0.1" in message
    assert message.endswith("; check the network and base_url, or try again later")
    (line,) = [line for line in desk.run("doctor").stdout.splitlines() if "source of" in line]
    assert line.endswith(message.removeprefix("coinmarketcap"))


def modules_after(desk: Desk, *arguments: str) -> set[str]:
    """Return which packages a command imports."""
    code = (
        "import sys, flows.cli.app\n"
        "try:\n    flows.cli.app.main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=desk.folder,
        env=desk.variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in run.stderr.split()}


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (("sql", QUERY), {"prefect", "sklearn", "plotly"}),
        (("export",), {"prefect", "plotly"}),
        (("report",), {"prefect"}),
        (("maps",), {"prefect", "plotly"}),
        (("doctor",), {"prefect", "plotly"}),
    ],
)
def test_commands_import_only_what_they_need(
    made: Desk, arguments: tuple[str, ...], spared: set[str]
) -> None:
    assert not modules_after(made, *arguments) & spared


def test_importing_the_rooms_below_does_not_import_prefect() -> None:
    code = "import marketmap, storage, reports, sys; sys.exit('prefect' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
