-- A map shows the prices of its source: of all assets that were ever asked for, not only of those
-- on the map. Two maps of one source therefore show the same prices, but for assets whose prices
-- come from another source on one of them: of these that other source's prices are shown, and only
-- they.
CREATE OR REPLACE VIEW daily_prices AS
WITH elsewhere AS (
    SELECT latest.map, latest.source, asset.asset_id, asset.price_source, pair.other_id
    FROM store.latest_run_ids AS latest
    JOIN store.run_assets AS asset USING (run_id, as_of)
    LEFT JOIN store.pairs AS pair
        ON pair.source = latest.source
        AND pair.asset_id = asset.asset_id
        AND pair.other_source = asset.price_source
    WHERE asset.price_source <> latest.source
),
shown AS (
    SELECT latest.map, latest.source AS listed_by, price.asset_id AS listed_as, price.*
    FROM store.latest_run_ids AS latest
    JOIN store.prices AS price ON price.source = latest.source
    WHERE NOT EXISTS (
        FROM elsewhere
        WHERE elsewhere.map = latest.map AND elsewhere.asset_id = price.asset_id
    )
    UNION ALL
    SELECT elsewhere.map, elsewhere.source, elsewhere.asset_id, price.*
    FROM elsewhere
    JOIN store.prices AS price
        ON price.source = elsewhere.price_source AND price.asset_id = elsewhere.other_id
)
SELECT
    shown.map,
    shown.date,
    shown.listed_as AS asset_id,
    coalesce(label.symbol, shown.listed_as) AS symbol,
    shown.open,
    shown.high,
    shown.low,
    shown.close,
    shown.volume,
    shown.market_cap,
    shown.turnover,
    shown.source
FROM shown
LEFT JOIN (
    -- A listing that is ranked in a way of its own is kept under source:way.
    SELECT
        regexp_replace(source, ':(market_cap|turnover)$', '') AS source,
        asset_id,
        arg_max(symbol, as_of) AS symbol
    FROM store.listings
    GROUP BY ALL
) AS label ON label.source = shown.listed_by AND label.asset_id = shown.listed_as;

COMMENT ON VIEW daily_prices IS 'Raw prices, as the source gave them, of every asset of each map''s source, on the map or not.';
COMMENT ON COLUMN daily_prices.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN daily_prices.date IS 'The UTC day';
COMMENT ON COLUMN daily_prices.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN daily_prices.symbol IS 'Its newest label; two assets may share one';
COMMENT ON COLUMN daily_prices.open IS 'Null where unknown, like high and low';
COMMENT ON COLUMN daily_prices.high IS 'In the quote currency';
COMMENT ON COLUMN daily_prices.low IS 'In the quote currency';
COMMENT ON COLUMN daily_prices.close IS 'Always known';
COMMENT ON COLUMN daily_prices.volume IS 'In units of the asset; null where unknown';
COMMENT ON COLUMN daily_prices.market_cap IS 'In the quote currency; null where unknown';
COMMENT ON COLUMN daily_prices.turnover IS 'Traded value in the quote currency; null where unknown';
COMMENT ON COLUMN daily_prices.source IS 'Where the price comes from: the source of the map''s newest run, or another that stands in for it';

CREATE OR REPLACE VIEW listings AS
SELECT
    latest.map,
    listing.as_of,
    listing.rank,
    listing.asset_id,
    listing.symbol,
    listing.name,
    listing.market_cap,
    listing.turnover,
    listing.tags,
    latest.source
FROM store.latest_run_ids AS latest
JOIN store.listings AS listing
    ON listing.source = regexp_replace(
        latest.source || ':' || regexp_extract(
            latest.settings, '"rank_by":"(market_cap|turnover|auto)"', 1
        ),
        ':(auto)?$',
        ''
    );

COMMENT ON VIEW listings IS 'What the source of each map listed on each day, before any asset was left out.';
COMMENT ON COLUMN listings.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN listings.as_of IS 'The day of the listing';
COMMENT ON COLUMN listings.rank IS '1 is the largest';
COMMENT ON COLUMN listings.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN listings.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN listings.name IS 'A label';
COMMENT ON COLUMN listings.market_cap IS 'In the quote currency; null where unknown';
COMMENT ON COLUMN listings.turnover IS 'Traded value per day in the quote currency; null where unknown';
COMMENT ON COLUMN listings.tags IS 'The source''s tags; empty where it has none';
COMMENT ON COLUMN listings.source IS 'Where the listing comes from: the source of the map''s newest run';
