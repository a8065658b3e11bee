"""Groups of assets that move together."""

from marketmap.clustering.affinity import Clustering, cluster_by_affinity

__all__ = ["Clustering", "cluster_by_affinity"]
