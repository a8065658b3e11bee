-- What assets were last listed with, whatever they were ranked by.
SELECT asset_id, market_cap, turnover
FROM store.listings
WHERE (source = $source OR starts_with(source, $source || ':'))
    AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]))
QUALIFY row_number() OVER (PARTITION BY asset_id ORDER BY as_of DESC, source) = 1;
