-- How has the tie between two assets changed? Days on which it was below the threshold are absent.
WITH asked(map, one, other) AS (VALUES ('crypto', 'BTC', 'ETH'))
SELECT edges.map, as_of, symbol_a, symbol_b, partial_correlation
FROM asked
JOIN edges
    ON edges.map = asked.map
    AND (symbol_a, symbol_b) IN ((asked.one, asked.other), (asked.other, asked.one))
ORDER BY as_of;
