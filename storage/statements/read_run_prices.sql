-- The raw prices of a run's assets in its window.
SELECT price.date, price.asset_id, price.open, price.close
FROM store.prices AS price
JOIN store.run_assets AS asset ON asset.asset_id = price.asset_id AND asset.run_id = $run_id
WHERE price.source = $source AND price.date BETWEEN $first_day::DATE AND $last_day::DATE;
