CREATE OR REPLACE VIEW requests AS
SELECT
    known.map,
    request.asked_at,
    request.asset_id,
    coalesce(label.symbol, request.asset_id) AS symbol,
    request.first_day,
    request.last_day,
    request.outcome,
    request.detail,
    request.n_rows,
    request.n_quarantined,
    request.seconds,
    request.source
FROM store.map_sources AS known
JOIN store.requests AS request ON request.source = known.source
LEFT JOIN store.newest_labels AS label
    ON label.source = request.source AND label.asset_id = request.asset_id;

COMMENT ON VIEW requests IS 'Every request to the sources of each map, with what came of it.';
COMMENT ON COLUMN requests.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN requests.asked_at IS 'When it left, UTC';
COMMENT ON COLUMN requests.asset_id IS 'The source''s own id of the asset; null where the listing was asked for';
COMMENT ON COLUMN requests.symbol IS 'Its newest label; two assets may share one';
COMMENT ON COLUMN requests.first_day IS 'The first day asked for';
COMMENT ON COLUMN requests.last_day IS 'The last day asked for';
COMMENT ON COLUMN requests.outcome IS 'accepted; suspect: a second opinion was asked for; rejected: not an answer; unavailable: none came';
COMMENT ON COLUMN requests.detail IS 'Why it was not accepted, as a sentence';
COMMENT ON COLUMN requests.n_rows IS 'Rows that were accepted; null where the answer was not';
COMMENT ON COLUMN requests.n_quarantined IS 'Rows that were kept out; those of repeated requests are counted on the last one';
COMMENT ON COLUMN requests.seconds IS 'How long it took';
COMMENT ON COLUMN requests.source IS 'Who was asked';

CREATE OR REPLACE VIEW quarantine AS
SELECT
    known.map,
    kept.asset_id,
    kept.symbol,
    kept.date,
    kept.reason,
    kept.detail,
    kept.is_open,
    kept.open,
    kept.high,
    kept.low,
    kept.close,
    kept.volume,
    kept.market_cap,
    kept.turnover,
    kept.first_seen,
    kept.last_seen,
    kept.raw,
    kept.source
FROM store.map_sources AS known
JOIN store.judged_quarantine AS kept ON kept.source = known.source;

COMMENT ON VIEW quarantine IS 'What the sources of each map sent that was not fit to be stored. It is in no map.';
COMMENT ON COLUMN quarantine.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN quarantine.asset_id IS 'The source''s own id of the asset; null where the listing was asked for';
COMMENT ON COLUMN quarantine.symbol IS 'Its newest label; two assets may share one';
COMMENT ON COLUMN quarantine.date IS 'The UTC day; null where a whole body was rejected';
COMMENT ON COLUMN quarantine.reason IS 'One word for the kind of reason';
COMMENT ON COLUMN quarantine.detail IS 'The reason with its figures, as a sentence';
COMMENT ON COLUMN quarantine.is_open IS 'Whether the day has no price until now; false where a whole body was rejected or other answers overruled the row';
COMMENT ON COLUMN quarantine.open IS 'As it came, like all that follow; null where unreadable';
COMMENT ON COLUMN quarantine.high IS 'In the quote currency';
COMMENT ON COLUMN quarantine.low IS 'In the quote currency';
COMMENT ON COLUMN quarantine.close IS 'In the quote currency';
COMMENT ON COLUMN quarantine.volume IS 'In units of the asset';
COMMENT ON COLUMN quarantine.market_cap IS 'In the quote currency';
COMMENT ON COLUMN quarantine.turnover IS 'Traded value in the quote currency';
COMMENT ON COLUMN quarantine.first_seen IS 'When it came first, UTC';
COMMENT ON COLUMN quarantine.last_seen IS 'When it came last, UTC';
COMMENT ON COLUMN quarantine.raw IS 'The row as it came, as JSON; the beginning of a rejected body';
COMMENT ON COLUMN quarantine.source IS 'Who sent it';

CREATE OR REPLACE VIEW revisions AS
SELECT
    known.map,
    revision.asset_id,
    coalesce(label.symbol, revision.asset_id) AS symbol,
    revision.date,
    revision.field,
    revision.old_value,
    revision.new_value,
    revision.seen_at,
    revision.why,
    revision.source
FROM store.map_sources AS known
JOIN store.revisions AS revision ON revision.source = known.source
LEFT JOIN store.newest_labels AS label
    ON label.source = revision.source AND label.asset_id = revision.asset_id;

COMMENT ON VIEW revisions IS 'Stored values that were replaced by others, because a remote source gave others later. Files and simulated markets record none.';
COMMENT ON COLUMN revisions.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN revisions.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN revisions.symbol IS 'Its newest label; two assets may share one';
COMMENT ON COLUMN revisions.date IS 'The UTC day of the price';
COMMENT ON COLUMN revisions.field IS 'open, high, low, close, volume, market_cap or turnover';
COMMENT ON COLUMN revisions.old_value IS 'Null where it was unknown';
COMMENT ON COLUMN revisions.new_value IS 'Null where it is unknown now';
COMMENT ON COLUMN revisions.seen_at IS 'When the new value came, UTC';
COMMENT ON COLUMN revisions.why IS 'source: told anew; replay: an archived answer was read anew; release: taken out of quarantine';
COMMENT ON COLUMN revisions.source IS 'Whose price it is';

CREATE OR REPLACE VIEW renames AS
SELECT
    known.map,
    told.asset_id,
    told.old_symbol,
    told.symbol AS new_symbol,
    told.old_name,
    told.name AS new_name,
    told.first_seen AS seen_at,
    told.told_by,
    told.source
FROM store.map_sources AS known
JOIN (
    SELECT
        *,
        lag(symbol) OVER in_time AS old_symbol,
        lag(name) OVER in_time AS old_name
    FROM store.labels
    WINDOW in_time AS (PARTITION BY source, asset_id, told_by ORDER BY first_seen, symbol, name)
) AS told ON told.source = known.source
WHERE told.old_symbol IS NOT NULL
    AND (told.old_symbol, told.old_name) <> (told.symbol, told.name);

COMMENT ON VIEW renames IS 'Assets of the sources of each map that got another symbol or name. The asset stays the same.';
COMMENT ON COLUMN renames.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN renames.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN renames.old_symbol IS 'What it was called before';
COMMENT ON COLUMN renames.new_symbol IS 'What it is called from then on; may be the same';
COMMENT ON COLUMN renames.old_name IS 'What it was called before';
COMMENT ON COLUMN renames.new_name IS 'What it is called from then on; may be the same';
COMMENT ON COLUMN renames.seen_at IS 'When the new label came first, UTC';
COMMENT ON COLUMN renames.told_by IS 'listing or history: the kind of answer; each may tell a rename at its own time';
COMMENT ON COLUMN renames.source IS 'Who tells it';
