-- The raw prices of a run's assets in its window, each from where the run took it. Another source
-- than the run's own has ids of its own.
SELECT price.date, asset.asset_id, price.open, price.close
FROM store.run_assets AS asset
LEFT JOIN store.pairs AS pair
    ON pair.source = $source
    AND pair.asset_id = asset.asset_id
    AND pair.other_source = asset.price_source
JOIN store.prices AS price
    ON price.source = asset.price_source
    AND price.asset_id = CASE asset.price_source WHEN $source THEN asset.asset_id ELSE pair.other_id END
WHERE asset.run_id = $run_id
    AND asset.as_of = $as_of
    AND price.date BETWEEN $first_day::DATE AND $last_day::DATE;
