-- Unchanged rows are left untouched, so that storing the same day again writes nothing.
MERGE INTO store.prices AS stored
USING (
    SELECT ? AS source, asset_id, date::DATE AS date,
        open, high, low, close, volume, market_cap, turnover
    FROM new_prices
) AS new
ON stored.source = new.source AND stored.asset_id = new.asset_id AND stored.date = new.date
WHEN MATCHED AND (
    stored.open IS DISTINCT FROM new.open
    OR stored.high IS DISTINCT FROM new.high
    OR stored.low IS DISTINCT FROM new.low
    OR stored.close IS DISTINCT FROM new.close
    OR stored.volume IS DISTINCT FROM new.volume
    OR stored.market_cap IS DISTINCT FROM new.market_cap
    OR stored.turnover IS DISTINCT FROM new.turnover
) THEN UPDATE BY NAME
WHEN NOT MATCHED THEN INSERT BY NAME;
