"""Which assets are on a map: candidates, quality gates, repairs, and pairing of sources."""

from marketmap.universe.gates import REASONS
from marketmap.universe.select import Universe, rank_candidates, select_universe

__all__ = ["REASONS", "Universe", "rank_candidates", "select_universe"]
