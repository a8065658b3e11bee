"""The report's tables and sentences, section by section."""
