-- Before what counts instead is merged.
DELETE FROM store.prices
WHERE source = $source
    AND EXISTS (
        FROM overruled AS wrong
        WHERE wrong.asset_id = store.prices.asset_id
            AND wrong.date::DATE = store.prices.date
            AND wrong.close = store.prices.close
    );
