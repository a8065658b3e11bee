-- How has the tie between two assets changed? Days on which it was below the threshold are absent.
WITH asked(map, symbol, neighbour) AS (VALUES ('crypto', 'BTC', 'ETH'))
SELECT map, as_of, symbol, neighbour, partial_correlation
FROM asked
JOIN neighbours USING (map, symbol, neighbour)
ORDER BY as_of;
