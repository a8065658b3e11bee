-- The candidates for which a run's map had no place: they come after the last asset that is on it.
CREATE TABLE store.run_cut (
    run_id VARCHAR NOT NULL,
    place BIGINT NOT NULL, -- in the run's table, from 0
    asset_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    rank BIGINT NOT NULL
);
