from marketmap.printing import plural, printable


def test_a_count_is_written_with_its_noun() -> None:
    assert plural(1, "day") == "1 day"
    assert plural(1200, "day") == "1,200 days"


def test_names_cannot_command_a_terminal() -> None:
    assert printable("\x1b[2J<b>é\n\u202e\x9b\x00") == "\\x1b[2J<b>é\\n\\u202e\\x9b\\x00"
