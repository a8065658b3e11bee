"""Groups of assets that move together: a method per module."""
