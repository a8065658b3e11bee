-- Before prices are merged: which of their values replace others, one row a value.
INSERT INTO store.revisions BY NAME
SELECT source, asset_id, date, change.field, change.old_value, change.new_value, seen_at, why
FROM (
    SELECT stored.source, stored.asset_id, stored.date, new.seen_at, $why AS why,
        unnest([
            {'field': 'open', 'old_value': stored.open, 'new_value': new.open},
            {'field': 'high', 'old_value': stored.high, 'new_value': new.high},
            {'field': 'low', 'old_value': stored.low, 'new_value': new.low},
            {'field': 'close', 'old_value': stored.close, 'new_value': new.close},
            {'field': 'volume', 'old_value': stored.volume, 'new_value': new.volume},
            {'field': 'market_cap', 'old_value': stored.market_cap, 'new_value': new.market_cap},
            {'field': 'turnover', 'old_value': stored.turnover, 'new_value': new.turnover}
        ]) AS change
    FROM new_prices AS new
    JOIN store.prices AS stored
        ON stored.source = $source
        AND stored.asset_id = new.asset_id
        AND stored.date = new.date::DATE
)
WHERE change.old_value IS DISTINCT FROM change.new_value;
