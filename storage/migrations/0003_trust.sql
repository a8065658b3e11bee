-- What readers, restores and a look at ten years need.

-- Rows of a run tell its day too: days come in order, so that DuckDB reads a day's rows alone where
-- a run's id, a hash, would make it look at all of them. The tables are made anew, for DuckDB cannot
-- fill a new column and forbid nulls in it within one transaction.
CREATE TABLE store.new_run_assets (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    place BIGINT NOT NULL, -- in the run's matrices, from 0
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    cluster BIGINT NOT NULL,
    is_exemplar BOOLEAN NOT NULL,
    rank BIGINT NOT NULL,
    market_cap DOUBLE,
    turnover DOUBLE,
    last_close DOUBLE,
    price_source VARCHAR NOT NULL
);
INSERT INTO store.new_run_assets BY NAME
SELECT asset.*, run.as_of FROM store.run_assets AS asset JOIN store.runs AS run USING (run_id)
ORDER BY run.as_of, run_id, asset.place;
DROP TABLE store.run_assets;
ALTER TABLE store.new_run_assets RENAME TO run_assets;

CREATE TABLE store.new_run_edges (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    asset_id_a VARCHAR NOT NULL,
    asset_id_b VARCHAR NOT NULL,
    partial_correlation DOUBLE NOT NULL
);
INSERT INTO store.new_run_edges BY NAME
SELECT edge.*, run.as_of FROM store.run_edges AS edge JOIN store.runs AS run USING (run_id)
ORDER BY run.as_of, run_id, abs(edge.partial_correlation) DESC;
DROP TABLE store.run_edges;
ALTER TABLE store.new_run_edges RENAME TO run_edges;

CREATE TABLE store.new_run_positions (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    layout VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    x DOUBLE,
    y DOUBLE,
    z DOUBLE -- null where the layout is flat
);
INSERT INTO store.new_run_positions BY NAME
SELECT position.*, run.as_of
FROM store.run_positions AS position
JOIN store.runs AS run USING (run_id)
ORDER BY run.as_of, run_id, position.layout;
DROP TABLE store.run_positions;
ALTER TABLE store.new_run_positions RENAME TO run_positions;

-- A run's matrices lie in a file beside the database, of which the run tells the SHA-256.
DROP TABLE store.run_matrices;
ALTER TABLE store.runs ADD COLUMN matrices VARCHAR; -- null: not kept, refitted on demand

-- SHA-256 of all that a run found; statements/run_checksums.sql says how.
ALTER TABLE store.runs ADD COLUMN checksum VARCHAR; -- null: the run was made before there were any

-- One row, once the database has been published: what the copy holds.
CREATE TABLE store.publication (
    published_at TIMESTAMP NOT NULL, -- UTC
    n_runs BIGINT NOT NULL,
    checksum VARCHAR NOT NULL
);
