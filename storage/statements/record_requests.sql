-- A request that is in the ledger is not entered again.
INSERT INTO store.requests BY NAME
SELECT DISTINCT *
FROM new_requests AS new
WHERE NOT EXISTS (
    FROM store.requests AS known
    WHERE known.source = new.source
        AND known.asset_id IS NOT DISTINCT FROM new.asset_id
        AND known.first_day = new.first_day
        AND known.last_day = new.last_day
        AND known.asked_at = new.asked_at
);
