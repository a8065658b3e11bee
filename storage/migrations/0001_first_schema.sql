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

-- Raw prices, as their source gave them. One row a source, asset and day.
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
CREATE TABLE store.asked (
    source VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);

-- One row a source, day and asset.
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

-- One row a run: a map on an as-of day under one hash of settings.
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
    edge_threshold DOUBLE NOT NULL,
    n_assets BIGINT NOT NULL,
    n_days BIGINT NOT NULL,
    window_start DATE NOT NULL,
    window_end DATE NOT NULL,
    n_filled BIGINT NOT NULL,
    alpha DOUBLE,
    failed_fits BIGINT NOT NULL,
    converged BOOLEAN NOT NULL,
    n_iter BIGINT NOT NULL,
    duality_gap DOUBLE,
    condition_number DOUBLE,
    clusters_converged BOOLEAN NOT NULL,
    cluster_iterations BIGINT NOT NULL,
    n_clusters BIGINT NOT NULL,
    n_edges BIGINT NOT NULL,
    embedding_error_2d DOUBLE,
    embedding_error_3d DOUBLE,
    recovery_this DOUBLE,
    recovery_mean DOUBLE,
    recovery_worst DOUBLE,
    recovery_n_seeds BIGINT
);

CREATE TABLE store.run_assets (
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
    last_close DOUBLE
);

CREATE TABLE store.run_edges (
    run_id VARCHAR NOT NULL,
    asset_id_a VARCHAR NOT NULL,
    asset_id_b VARCHAR NOT NULL,
    partial_correlation DOUBLE NOT NULL
);

CREATE TABLE store.run_positions (
    run_id VARCHAR NOT NULL,
    layout VARCHAR NOT NULL,
    asset_id VARCHAR NOT NULL,
    x DOUBLE,
    y DOUBLE,
    z DOUBLE -- null where the layout is flat
);

-- One row an asset: its row of each matrix, in the order of run_assets.place.
CREATE TABLE store.run_matrices (
    run_id VARCHAR NOT NULL,
    place BIGINT NOT NULL,
    correlation DOUBLE[] NOT NULL,
    covariance DOUBLE[] NOT NULL,
    "precision" DOUBLE[] NOT NULL
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
