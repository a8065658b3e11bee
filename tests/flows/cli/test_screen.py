"""What a flow says on the screen."""

import io

import pytest
from rich.console import Console

from flows.cli import screen as screens
from flows.cli.screen import on_screen
from flows.steps.progress import count, tell, warn


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what a terminal of 60 columns is sent."""
    sent = io.StringIO()

    def console(*, stderr: bool, highlight: bool) -> Console:
        assert stderr
        return Console(
            file=sent, force_terminal=True, width=60, color_system="standard", highlight=highlight
        )

    monkeypatch.setattr(screens, "Console", console)
    return sent


def test_a_flow_that_names_a_stranger_commands_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with on_screen():
        tell("listed \x1b[2J")
        warn("2026-01-31 skipped: \u202e\nx is gone")
    assert capsys.readouterr().err == ("listed \\x1b[2J\n2026-01-31 skipped: \\u202e\\nx is gone\n")


def test_where_nobody_watches_a_count_is_a_line_at_each_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with on_screen():
        for done in range(101):
            count("prices", done, 100, "BTC" if done == 100 else "")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [*(f"prices {done}/100" for done in range(0, 100, 10)), "prices 100/100, BTC"]


def test_on_a_terminal_a_count_is_one_bar_which_stays_when_it_is_full(
    terminal: io.StringIO,
) -> None:
    with on_screen():
        count("prices", 0, 3)
        count("prices", 3, 3, "last BTC")
        tell("chose 3 assets [bold]")
    bar, line = terminal.getvalue().splitlines()[-2:]
    assert "prices" in bar
    assert bar.endswith("3/3\x1b[0m last BTC")
    assert line.endswith("chose 3 assets [bold]")


def test_on_a_terminal_a_line_ends_the_bar_and_a_warning_is_yellow(terminal: io.StringIO) -> None:
    with on_screen():
        count("prices", 1, 3)
        warn("one source is down")
    bar, line = terminal.getvalue().splitlines()[-2:]
    assert "1/3" in bar
    assert line.endswith("\x1b[33mone source is down\x1b[0m")
