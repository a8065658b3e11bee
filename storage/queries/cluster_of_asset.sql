-- Which cluster is an asset in, and with whom? Its symbol may stand for several assets: each is told.
WITH asked(map, symbol) AS (VALUES ('crypto', 'BTC'))
SELECT mate.map, own.asset_id, own.symbol, own.cluster, mate.symbol AS mate, mate.name AS mate_name,
    mate.is_exemplar
FROM asked
JOIN latest_clusters AS own USING (map, symbol)
JOIN latest_clusters AS mate
    ON mate.map = own.map
    AND mate.cluster = own.cluster
    AND (own.cluster <> 0 OR mate.asset_id = own.asset_id) -- 0: it has no company
ORDER BY own.asset_id, mate.rank;
