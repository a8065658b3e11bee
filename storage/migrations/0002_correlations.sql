-- The correlations of each map's newest run alone: those of older runs lie beside the database, in the
-- files of their matrices. One row per pair.
CREATE TABLE store.run_correlations (
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    asset_id_a VARCHAR NOT NULL,
    asset_id_b VARCHAR NOT NULL,
    correlation DOUBLE NOT NULL,
    partial_correlation DOUBLE NOT NULL
);
