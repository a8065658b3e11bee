-- What was in dispute is settled by prices that count.
UPDATE store.quarantine
SET reason = 'contradicted'
WHERE source = $source
    AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]))
    AND reason IN ('disputed', 'another_asset');
