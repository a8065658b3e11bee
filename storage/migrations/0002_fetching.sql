-- What a remote source was asked and what it answered, and prices of a second source.

-- The ledger: one row a request.
CREATE TABLE store.requests (
    source VARCHAR NOT NULL,
    asset_id VARCHAR, -- null: the listing was asked for
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    asked_at TIMESTAMP NOT NULL, -- UTC
    seconds DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    n_rows BIGINT, -- null unless accepted
    n_quarantined BIGINT NOT NULL -- of all that the question was answered with: on its last request
);

-- Rows and bodies that were not fit to be stored. Seen again, only last_seen moves.
CREATE TABLE store.quarantine (
    source VARCHAR NOT NULL,
    asset_id VARCHAR, -- null: the listing was asked for
    date DATE, -- null: a whole body
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    open DOUBLE,
    high DOUBLE,
    low DOUBLE,
    close DOUBLE,
    volume DOUBLE,
    market_cap DOUBLE,
    turnover DOUBLE,
    first_seen TIMESTAMP NOT NULL, -- UTC
    last_seen TIMESTAMP NOT NULL -- UTC
);

-- One row a value of a stored price that was replaced by another.
CREATE TABLE store.revisions (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    date DATE NOT NULL,
    field VARCHAR NOT NULL,
    old_value DOUBLE,
    new_value DOUBLE,
    seen_at TIMESTAMP NOT NULL, -- UTC
    why VARCHAR NOT NULL
);

-- What an asset is called, by which kind of answer, from when on.
CREATE TABLE store.labels (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    told_by VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL -- UTC
);

-- Which id another source has for an asset. One row a source, asset and other source.
CREATE TABLE store.pairs (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    other_source VARCHAR NOT NULL,
    other_id VARCHAR NOT NULL,
    n_days BIGINT NOT NULL,
    worst DOUBLE NOT NULL,
    checked_at TIMESTAMP NOT NULL -- UTC
);

-- The assets of a run tell where their prices come from. The table is made anew, for DuckDB cannot
-- fill a new column and forbid nulls in it within one transaction.
CREATE TABLE store.new_run_assets (
    run_id VARCHAR NOT NULL,
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
SELECT asset.*, run.source AS price_source
FROM store.run_assets AS asset
JOIN store.runs AS run USING (run_id);
DROP TABLE store.run_assets;
ALTER TABLE store.new_run_assets RENAME TO run_assets;
