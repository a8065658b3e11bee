import pandas as pd

from reports.styles import COLOURS, SINGLE, cluster_styles, swatch_path


def test_thirty_clusters_all_look_different() -> None:
    assets = pd.DataFrame({"cluster": [c for c in range(1, 31) for _ in range(2)]})

    styles = cluster_styles(assets)

    assert len(set(styles.values())) == 30
    assert [styles[c].shape for c in (1, 9, 10, 19, 28)] == [
        "circle",
        "circle",
        "square",
        "diamond",
        "cross",
    ]
    assert styles[10].colour == COLOURS[0]


def test_an_asset_alone_in_its_cluster_is_hollow_and_grey() -> None:
    styles = cluster_styles(pd.DataFrame({"cluster": [1, 1, 2]}))

    assert styles[2] == (SINGLE, "circle-open")


def test_every_shape_has_a_swatch_of_its_own() -> None:
    assert len({swatch_path(shape) for shape in ("circle", "square", "diamond", "cross")}) == 4
    assert swatch_path("circle-open") == swatch_path("circle")
