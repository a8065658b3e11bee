import numpy as np
import pandas as pd
import pytest

from marketmap.clustering.affinity import AffinityPropagation
from marketmap.clustering.base import Clustering
from marketmap.errors import FitError
from marketmap.settings import ClusteringSettings


def cluster_by_affinity(similarity: pd.DataFrame, settings: ClusteringSettings) -> Clustering:
    return AffinityPropagation(**settings.model_dump()).fit(similarity).clustering_


def blocks(*sizes: int) -> pd.DataFrame:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(0).uniform(0.0, 0.05, (len(labels), len(labels)))
    ids = pd.Index([f"id{i}" for i in range(len(labels))], name="asset_id")
    similarity = np.where(labels[:, None] == labels[None, :], 0.8, 0.1) + (noise + noise.T) / 2
    return pd.DataFrame(similarity, index=ids, columns=ids)


def test_blocks_are_found_and_numbered_from_one_by_falling_size() -> None:
    found = cluster_by_affinity(blocks(3, 6, 4), ClusteringSettings())
    assert found.labels.tolist() == [3] * 3 + [1] * 6 + [2] * 4
    assert found.diagnostics["converged"]
    assert found.labels.index.equals(blocks(3, 6, 4).index)


def test_of_equally_large_clusters_the_one_that_starts_first_comes_first() -> None:
    found = cluster_by_affinity(blocks(4, 4), ClusteringSettings())
    assert found.labels.tolist() == [1] * 4 + [2] * 4


def test_each_exemplar_is_a_member_of_the_cluster_it_stands_for() -> None:
    found = cluster_by_affinity(blocks(3, 6, 4), ClusteringSettings())
    assert found.exemplars is not None
    assert found.exemplars.index.tolist() == [1, 2, 3]
    assert found.labels[found.exemplars].tolist() == [1, 2, 3]


def test_a_higher_preference_gives_more_clusters() -> None:
    few = cluster_by_affinity(blocks(5, 5), ClusteringSettings(preference=0.0))
    many = cluster_by_affinity(blocks(5, 5), ClusteringSettings(preference=0.84))
    assert few.n_clusters < many.n_clusters


def test_too_few_iterations_are_told_as_not_converged() -> None:
    found = cluster_by_affinity(blocks(3, 6, 4), ClusteringSettings(max_iter=30))
    assert not found.diagnostics["converged"]
    assert found.diagnostics["n_iter"] == 30


def test_no_exemplar_at_all_is_an_error_that_says_what_to_raise() -> None:
    with pytest.raises(FitError, match=r"no exemplar in 1 iterations; raise model\.clustering"):
        cluster_by_affinity(blocks(3, 6, 4), ClusteringSettings(max_iter=1))


def with_ids(matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> pd.DataFrame:
    ids = pd.Index([f"id{i}" for i in range(len(matrix))], name="asset_id")
    return pd.DataFrame(matrix, index=ids, columns=ids)


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(8),
        np.diag(np.arange(1.0, 9.0)),
        0.5 + 0.5 * np.eye(8),
        np.ones((8, 8)),
        -0.1 + np.eye(8),
        0.3 + 0.7 * np.eye(8) + 1e-14 * np.random.default_rng(0).normal(size=(8, 8)),
    ],
    ids=["identity", "diagonal", "alike", "ones", "negative", "rounding"],
)
@pytest.mark.parametrize("preference", ["median", 0.2])
def test_where_all_are_equally_alike_all_are_noise(
    matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", preference: float
) -> None:
    found = cluster_by_affinity(with_ids(matrix), ClusteringSettings(preference=preference))
    assert found.labels.tolist() == [0] * 8
    assert found.n_clusters == 0
    assert found.exemplars is not None
    assert found.exemplars.empty


def test_assets_that_are_like_no_other_are_noise_and_the_rest_is_grouped_as_without_them() -> None:
    alone = np.zeros((15, 15))
    alone[1:14, 1:14] = blocks(3, 6, 4)
    alone[0, 0] = alone[14, 14] = 1.0
    found = cluster_by_affinity(with_ids(alone), ClusteringSettings())
    assert found.labels.tolist() == [0, *[3] * 3, *[1] * 6, *[2] * 4, 0]
    assert found.exemplars is not None
    assert found.labels[found.exemplars].tolist() == [1, 2, 3]


def test_a_pair_among_assets_that_are_like_no_other_is_a_group() -> None:
    similarity = np.eye(6)
    similarity[2, 4] = similarity[4, 2] = 0.4
    found = cluster_by_affinity(with_ids(similarity), ClusteringSettings())
    assert found.labels.tolist() == [0, 0, 1, 0, 1, 0]
