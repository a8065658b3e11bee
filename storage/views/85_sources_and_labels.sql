-- What the views of fetching are made of; not for people, so they lie in the schema of the tables.

-- The sources that a map draws from: its own, those that its prices come from, and those that its
-- assets were compared with.
CREATE OR REPLACE VIEW store.map_sources AS
SELECT map, source
FROM store.latest_run_ids
UNION
SELECT latest.map, asset.price_source
FROM store.latest_run_ids AS latest
JOIN store.run_assets AS asset USING (run_id, as_of)
UNION
SELECT latest.map, pair.other_source
FROM store.latest_run_ids AS latest
JOIN store.pairs AS pair USING (source);

-- What each asset was called last; where two kinds of answer tell it at once, the listing's word.
CREATE OR REPLACE VIEW store.newest_labels AS
SELECT source, asset_id, symbol, name
FROM store.labels
QUALIFY row_number() OVER (
    PARTITION BY source, asset_id ORDER BY first_seen DESC, told_by DESC, symbol, name
) = 1;

-- A row is open while its day has no price. Of a whole body, whether another one came instead is
-- told by the ledger.
CREATE OR REPLACE VIEW store.judged_quarantine AS
SELECT
    kept.*,
    coalesce(label.symbol, kept.asset_id) AS symbol,
    kept.date IS NOT NULL
        AND price.source IS NULL
        AND kept.reason NOT IN ('contradicted', 'rescaled') AS is_open
FROM store.quarantine AS kept
LEFT JOIN store.prices AS price
    ON price.source = kept.source AND price.asset_id = kept.asset_id AND price.date = kept.date
LEFT JOIN store.newest_labels AS label
    ON label.source = kept.source AND label.asset_id = kept.asset_id;
