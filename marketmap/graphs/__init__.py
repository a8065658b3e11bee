"""The market as a graph of assets."""
