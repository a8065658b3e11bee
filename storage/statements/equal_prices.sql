-- Which assets' new prices are another asset's to the last digit; amounts count where both are known.
-- Closes that stand still, as those of a dead or pegged asset, are alike by themselves.
WITH new AS (
    SELECT DISTINCT asset_id, date::DATE AS date, close, turnover, market_cap
    FROM new_prices
    WHERE close > 0
),
others AS (
    SELECT asset_id, date, close, turnover, market_cap
    FROM store.prices
    WHERE source = $source
        AND date BETWEEN (SELECT min(date) FROM new) AND (SELECT max(date) FROM new)
        AND NOT list_contains($without::VARCHAR[], asset_id)
    UNION
    FROM new
)
SELECT new.asset_id, others.asset_id AS other_id, count(DISTINCT new.date) AS n_days
FROM new
JOIN others ON others.date = new.date AND others.close = new.close
WHERE others.asset_id <> new.asset_id
    AND coalesce(others.turnover = new.turnover, true)
    AND coalesce(others.market_cap = new.market_cap, true)
GROUP BY new.asset_id, others.asset_id
HAVING count(DISTINCT new.date) >= $fewest AND count(DISTINCT new.close) >= $fewest
ORDER BY new.asset_id, n_days DESC, other_id;
