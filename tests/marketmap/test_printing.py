from marketmap.printing import printable


def test_names_cannot_command_a_terminal() -> None:
    assert printable("\x1b[2J<b>é\n\u202e\x9b\x00") == "\\x1b[2J<b>é\\n\\u202e\\x9b\\x00"
