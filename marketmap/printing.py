"""Strangers' text where people read it: on a terminal, which obeys it, and on a page."""


def printable(text: str) -> str:
    """Show what is not to be printed as an escape.

    That is every control character, line breaks included, and what turns or hides the text around
    it, such as the right-to-left override.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
