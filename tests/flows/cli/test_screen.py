"""What a flow says on the screen."""

import pytest

from flows.cli.screen import on_screen
from flows.steps.progress import tell, warn


def test_a_flow_that_names_a_stranger_commands_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with on_screen():
        tell("listed \x1b[2J")
        warn("2026-01-31 skipped: \u202e\nx is gone")
    assert capsys.readouterr().err == ("listed \\x1b[2J\n2026-01-31 skipped: \\u202e\\nx is gone\n")
