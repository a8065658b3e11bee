INSERT INTO store.runs BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, 'crypto' AS map, DATE '2016-01-01' + day::INT AS as_of,
    TIMESTAMP '2026-01-01' AS created_at, 'd' AS settings_digest, repeat('x', 1200) AS settings,
    'coinmarketcap' AS source, false AS is_simulated, false AS survivors_only, []::VARCHAR[] AS notes,
    MAP {'python': '3.11'} AS versions,
    list_transform(range(366), lambda n: DATE '2015-01-01' + (day + n)::INT) AS calendar,
    0.02 AS edge_threshold, 500 AS n_assets, 365 AS n_days, DATE '2015-01-02' + day::INT AS window_start,
    DATE '2016-01-01' + day::INT AS window_end, 0 AS n_filled, 0.1 AS alpha, 0 AS failed_fits,
    true AS converged, 10 AS n_iter, 1e-5 AS duality_gap, 10.0 AS condition_number,
    true AS clusters_converged, 100 AS cluster_iterations, 30 AS n_clusters, 8000 AS n_edges,
    0.1 AS embedding_error_2d, 0.1 AS embedding_error_3d, sha256('c' || day) AS checksum
FROM range($first, $last) AS days(day);

INSERT INTO store.run_assets BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of, asset AS place,
    (asset * 7919 % 20000)::VARCHAR AS asset_id, 'S' || asset AS symbol, 'Name of ' || asset AS name,
    1 + hash(day // 20, asset) % 30 AS cluster, asset % 17 = 0 AS is_exemplar, asset + 1 AS rank,
    random() * 1e9 AS market_cap, random() * 1e8 AS turnover, random() * 100 AS last_close,
    'coinmarketcap' AS price_source
FROM range($first, $last) AS days(day), range(500) AS assets(asset)
ORDER BY day, asset;

INSERT INTO store.run_edges BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of,
    ((hash(day // 30, edge) % 500) * 7919 % 20000)::VARCHAR AS asset_id_a,
    ((hash(day // 30, edge, 1) % 500) * 7919 % 20000)::VARCHAR AS asset_id_b,
    random() * 0.4 - 0.1 AS partial_correlation
FROM range($first, $last) AS days(day), range(8000) AS edges(edge)
ORDER BY day, edge;

INSERT INTO store.run_positions BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of, layout,
    (asset * 7919 % 20000)::VARCHAR AS asset_id, random() AS x, random() AS y,
    CASE layout WHEN 'lle_3d' THEN random() END AS z
FROM range($first, $last) AS days(day), unnest(['lle_2d', 'lle_3d']) AS layouts(layout),
    range(500) AS assets(asset)
ORDER BY day, layout, asset;

INSERT INTO store.prices BY NAME
SELECT
    'coinmarketcap' AS source, (asset * 7919 % 20000)::VARCHAR AS asset_id,
    DATE '2016-01-01' + day::INT AS date, random() AS open, random() AS high, random() AS low,
    random() AS close, random() * 1e9 AS volume, random() * 1e9 AS market_cap, random() * 1e9 AS turnover
FROM range($first, $last) AS days(day), range(500) AS assets(asset)
ORDER BY asset, day;
