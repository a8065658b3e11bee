"""How far two groupings of the same assets agree."""
