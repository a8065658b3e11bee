-- What a source that tells a whole range no longer has.
DELETE FROM store.prices
WHERE source = $source
    AND list_contains($asset_ids, asset_id)
    AND date BETWEEN $first_day AND $last_day
    AND NOT EXISTS (
        FROM new_prices AS new
        WHERE new.asset_id = store.prices.asset_id AND new.date::DATE = store.prices.date
    );
