"""A run as rows: written, read back, its matrices kept or fitted again."""
