-- A label is entered where it differs from the one that the same kind of answer told before it; an
-- archived answer that is read anew is thus entered at its own time.
INSERT INTO store.labels BY NAME
SELECT source, asset_id, told_by, symbol, name, first_seen
FROM (
    SELECT *,
        lag(symbol) OVER in_time AS symbol_before,
        lag(name) OVER in_time AS name_before
    FROM (
        SELECT source, asset_id, told_by, symbol, name, first_seen, true AS is_new
        FROM new_labels
        UNION ALL
        SELECT source, asset_id, told_by, symbol, name, first_seen, false
        FROM store.labels
        WHERE (source, asset_id) IN (SELECT (source, asset_id) FROM new_labels)
    )
    WINDOW in_time AS (
        PARTITION BY source, asset_id, told_by ORDER BY first_seen, symbol, name, is_new
    )
)
WHERE is_new AND (symbol IS DISTINCT FROM symbol_before OR name IS DISTINCT FROM name_before);
