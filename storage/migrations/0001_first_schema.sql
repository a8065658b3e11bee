-- The tables. People read the views in main; these lie in a schema of their own, so that a view
-- may have a table's name. There are no indexes and no primary keys: MERGE INTO and one writer keep
-- the rows unique, and a million rows are merged five times faster without.

CREATE SCHEMA store;

CREATE TABLE store.schema_version (
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    applied_at TIMESTAMP NOT NULL -- UTC
);

-- One row: which view files made the views. They are made anew when the files have changed.
CREATE TABLE store.views (
    digest VARCHAR NOT NULL
);

-- Raw prices, as their source gave them. One row per source, asset and day.
CREATE TABLE store.prices (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    date DATE NOT NULL,
    open DOUBLE,
    high DOUBLE,
    low DOUBLE,
    close DOUBLE NOT NULL,
    volume DOUBLE,
    market_cap DOUBLE,
    turnover DOUBLE
);

-- Days that a source need not be asked for again. The ranges of an asset neither overlap nor touch.
CREATE TABLE store.coverage (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);

-- One row per source, day and asset.
CREATE TABLE store.listings (
    source VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    rank BIGINT NOT NULL,
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    market_cap DOUBLE,
    turnover DOUBLE,
    tags VARCHAR[] NOT NULL
);

-- What a remote source was asked and what it answered, and which ids a fallback source has.

-- The ledger: one row per request.
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

-- One row per value of a stored price that was replaced by another.
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

-- Which id another source has for an asset. One row per source, asset and other source.
CREATE TABLE store.pairs (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    other_source VARCHAR NOT NULL,
    other_id VARCHAR NOT NULL,
    n_days BIGINT NOT NULL,
    worst DOUBLE NOT NULL,
    checked_at TIMESTAMP NOT NULL -- UTC
);

-- What flows found. Rows of a run hold its day too: days come in order, so that DuckDB reads a day's
-- rows alone where a run's id, a hash, would make it look at all of them.

-- One row per run: a map on an as-of day under one hash of settings.
CREATE TABLE store.runs (
    run_id VARCHAR NOT NULL,
    map VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    created_at TIMESTAMP NOT NULL, -- UTC
    settings_digest VARCHAR NOT NULL,
    settings VARCHAR NOT NULL, -- JSON
    source VARCHAR NOT NULL,
    is_simulated BOOLEAN NOT NULL,
    survivors_only BOOLEAN NOT NULL,
    notes VARCHAR[] NOT NULL,
    versions MAP(VARCHAR, VARCHAR) NOT NULL,
    calendar DATE[] NOT NULL, -- the days of the window's prices
    window_start DATE NOT NULL,
    window_end DATE NOT NULL,
    clusterings VARCHAR[] NOT NULL, -- names; of these three the first is on the map
    layouts VARCHAR[] NOT NULL,
    graphs VARCHAR[] NOT NULL,
    matrices VARCHAR, -- SHA-256 of their file beside the database; null: not kept, refitted on demand
    checksum VARCHAR -- of the checksums in run_checksums
);

-- One row per figure. Its part is model, or clustering:NAME, layout:NAME or graph:NAME.
CREATE TABLE store.run_diagnostics (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    part VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value DOUBLE -- true is 1, false is 0; null is NaN
);

CREATE TABLE store.run_assets (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    place BIGINT NOT NULL, -- in the run's matrices, from 0
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    rank BIGINT NOT NULL,
    market_cap DOUBLE,
    turnover DOUBLE,
    last_close DOUBLE,
    price_source VARCHAR NOT NULL
);

-- One row per clustering and asset.
CREATE TABLE store.run_clusters (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    clustering VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    cluster BIGINT NOT NULL, -- 0: the asset belongs to none
    is_exemplar BOOLEAN -- null where the method knows no exemplars
);

CREATE TABLE store.run_positions (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    layout VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    x DOUBLE,
    y DOUBLE,
    z DOUBLE -- null where the layout is flat
);

CREATE TABLE store.run_edges (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    graph VARCHAR NOT NULL,
    asset_id_a VARCHAR NOT NULL,
    asset_id_b VARCHAR NOT NULL,
    partial_correlation DOUBLE NOT NULL
);

CREATE TABLE store.run_cv_scores (
    run_id VARCHAR NOT NULL,
    alpha DOUBLE NOT NULL,
    mean_score DOUBLE,
    std_score DOUBLE
);

CREATE TABLE store.run_exclusions (
    run_id VARCHAR NOT NULL,
    place BIGINT NOT NULL, -- in the run's table, from 0
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    rank BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);

CREATE TABLE store.run_repairs (
    run_id VARCHAR NOT NULL,
    place BIGINT NOT NULL, -- in the run's table, from 0
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    date DATE NOT NULL,
    factor DOUBLE NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);

-- SHA-256 of each part of a run as it was stored, by which damage is found. Only the parts that stand
-- here are compared: one that a later version adds is no damage to an older run.
CREATE TABLE store.run_checksums (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    part VARCHAR NOT NULL,
    checksum VARCHAR NOT NULL
);

-- What was learned about a run afterwards. One row per run, kind and hash of the finding's settings.
CREATE TABLE store.findings (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    kind VARCHAR NOT NULL,
    settings_digest VARCHAR NOT NULL,
    basis STRUCT(run_id VARCHAR, checksum VARCHAR)[] NOT NULL, -- the runs that it rests on, as they were
    made_at TIMESTAMP NOT NULL, -- UTC
    checksum VARCHAR -- of its rows and its basis
);

-- The rows of findings: a table per kind.
CREATE TABLE store.finding_recovery (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    settings_digest VARCHAR NOT NULL,
    this DOUBLE NOT NULL,
    mean DOUBLE NOT NULL,
    worst DOUBLE NOT NULL,
    n_seeds BIGINT NOT NULL
);

-- One row, once the database has been published: what the copy holds.
CREATE TABLE store.publication (
    published_at TIMESTAMP NOT NULL, -- UTC
    n_runs BIGINT NOT NULL,
    checksum VARCHAR NOT NULL
);
