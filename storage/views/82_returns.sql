-- What the newest runs saw: closes where the run took them, repaired as it did. Prices before the day of
-- a repair are multiplied by its factor, so only the return of that very day differs from the raw one.
CREATE OR REPLACE VIEW returns AS
WITH members AS MATERIALIZED (
    SELECT
        latest.map,
        latest.source,
        asset.run_id,
        asset.as_of,
        asset.asset_id,
        asset.symbol,
        asset.price_source,
        CASE asset.price_source
            WHEN latest.source THEN asset.asset_id
            ELSE pair.other_id
        END AS price_id
    FROM store.latest_run_ids AS latest
    JOIN store.run_assets AS asset USING (run_id, as_of)
    LEFT JOIN store.pairs AS pair
        ON pair.source = latest.source
        AND pair.asset_id = asset.asset_id
        AND pair.other_source = asset.price_source
),
days AS MATERIALIZED (
    SELECT run.run_id, unnest(run.calendar) AS date, run.window_start
    FROM store.runs AS run
    SEMI JOIN store.latest_run_ids USING (run_id)
),
scales AS MATERIALIZED (
    SELECT run_id, asset_id, date, product(factor) AS factor
    FROM store.run_repairs
    SEMI JOIN store.latest_run_ids USING (run_id)
    GROUP BY run_id, asset_id, date
),
closes AS (
    SELECT
        member.*,
        days.date,
        days.window_start,
        CASE WHEN price.close > 0 THEN price.close END AS close,
        coalesce(scale.factor, 1) AS factor
    FROM members AS member
    JOIN days ON days.run_id = member.run_id
    LEFT JOIN store.prices AS price
        ON price.source = member.price_source
        AND price.asset_id = member.price_id
        AND price.date = days.date
    LEFT JOIN scales AS scale
        ON scale.run_id = member.run_id
        AND scale.asset_id = member.asset_id
        AND scale.date = days.date
)
SELECT map, date, asset_id, symbol, log_return, as_of, run_id
FROM (
    SELECT
        *,
        ln(close / (factor * lag(close) OVER (
            PARTITION BY run_id, asset_id ORDER BY date
        ))) AS log_return
    FROM closes
)
WHERE date >= window_start;

COMMENT ON VIEW returns IS 'The log returns of the assets of each map''s newest run on the days of its window, of repaired closes.';
COMMENT ON COLUMN returns.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN returns.date IS 'The UTC day of the later close';
COMMENT ON COLUMN returns.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN returns.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN returns.log_return IS 'ln of the close over the one of the window''s day before, as stored now; null where one is missing, which the model sets to the asset''s mean';
COMMENT ON COLUMN returns.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN returns.run_id IS 'The run that says so';
