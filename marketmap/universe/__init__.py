"""Which assets are on a map: the window, the gates, repairs, and whose prices are used."""
