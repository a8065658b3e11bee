INSERT INTO store.runs BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, 'crypto' AS map, DATE '2016-01-01' + day::INT AS as_of,
    TIMESTAMP '2026-01-01' AS created_at, sha256(repeat('x', 1200)) AS settings_digest,
    repeat('x', 1200) AS settings,
    'coinmarketcap' AS source, false AS is_simulated, false AS survivors_only, []::VARCHAR[] AS notes,
    MAP {'python': '3.11'} AS versions,
    list_transform(range(366), lambda n: DATE '2015-01-01' + (day + n)::INT) AS calendar,
    DATE '2015-01-02' + day::INT AS window_start, DATE '2016-01-01' + day::INT AS window_end,
    ['affinity_propagation'] AS clusterings, ['lle_2d', 'lle_3d'] AS layouts,
    ['partial_correlation'] AS graphs
FROM range($first, $last) AS days(day);

INSERT INTO store.run_diagnostics BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of,
    figure.part, figure.name, figure.value
FROM range($first, $last) AS days(day), (VALUES
    ('model', 'n_assets', 500.0), ('model', 'n_days', 365.0), ('model', 'n_filled', 0.0),
    ('model', 'mean_correlation', 0.3), ('model', 'alpha', 0.1), ('model', 'failed_fits', 0.0),
    ('model', 'converged', 1.0), ('model', 'n_iter', 10.0), ('model', 'duality_gap', 1e-5),
    ('model', 'condition_number', 10.0), ('clustering:affinity_propagation', 'converged', 1.0),
    ('clustering:affinity_propagation', 'n_iter', 100.0),
    ('clustering:affinity_propagation', 'n_clusters', 30.0), ('layout:lle_2d', 'error', 0.1),
    ('layout:lle_3d', 'error', 0.1), ('graph:partial_correlation', 'threshold', 0.02),
    ('graph:partial_correlation', 'n_pairs', 124750.0),
    ('graph:partial_correlation', 'n_zero', 100000.0),
    ('graph:partial_correlation', 'n_edges', 8000.0)
) AS figure(part, name, value)
ORDER BY day;

INSERT INTO store.run_clusters BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of,
    'affinity_propagation' AS clustering, (asset * 7919 % 20000)::VARCHAR AS asset_id,
    1 + hash(day // 20, asset) % 30 AS cluster, asset % 17 = 0 AS is_exemplar
FROM range($first, $last) AS days(day), range(500) AS assets(asset)
ORDER BY day, asset;

INSERT INTO store.run_assets BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of, asset AS place,
    (asset * 7919 % 20000)::VARCHAR AS asset_id, 'S' || asset AS symbol, 'Name of ' || asset AS name,
    asset + 1 AS rank,
    random() * 1e9 AS market_cap, random() * 1e8 AS turnover, random() * 100 AS last_close,
    'coinmarketcap' AS price_source
FROM range($first, $last) AS days(day), range(500) AS assets(asset)
ORDER BY day, asset;

INSERT INTO store.run_edges BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of,
    'partial_correlation' AS graph, ((hash(day // 30, edge) % 500) * 7919 % 20000)::VARCHAR AS asset_id_a,
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

INSERT INTO store.run_checksums BY NAME
SELECT run_id, as_of, part, checksum
FROM store.part_checksums
WHERE as_of >= DATE '2016-01-01' + $first::INT AND as_of < DATE '2016-01-01' + $last::INT
ORDER BY as_of;

UPDATE store.runs SET checksum = found.checksum
FROM (
    SELECT run_id, sha256(string_agg(part || chr(31) || checksum, chr(10) ORDER BY part)) AS checksum
    FROM store.run_checksums
    WHERE as_of >= DATE '2016-01-01' + $first::INT AND as_of < DATE '2016-01-01' + $last::INT
    GROUP BY run_id
) AS found
WHERE store.runs.run_id = found.run_id;

INSERT INTO store.finding_recovery BY NAME
SELECT
    substr(sha256('r' || day), 1, 16) AS run_id, DATE '2016-01-01' + day::INT AS as_of,
    's' AS settings_digest, 0.9 AS this, 0.9 AS mean, 0.8 AS worst, 10 AS n_seeds
FROM range($first, $last) AS days(day);

INSERT INTO store.findings BY NAME
SELECT
    run_id, as_of, 'recovery' AS kind, 's' AS settings_digest,
    [{'run_id': run_id, 'checksum': checksum}] AS basis, created_at AS made_at
FROM store.runs
WHERE as_of >= DATE '2016-01-01' + $first::INT AND as_of < DATE '2016-01-01' + $last::INT;

UPDATE store.findings SET checksum = found.checksum
FROM store.finding_checksums AS found
WHERE found.run_id = store.findings.run_id AND found.as_of = store.findings.as_of
    AND found.as_of >= DATE '2016-01-01' + $first::INT
    AND found.as_of < DATE '2016-01-01' + $last::INT;
