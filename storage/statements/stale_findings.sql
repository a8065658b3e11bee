SELECT map, as_of, kind, run_id, settings_digest FROM findings WHERE is_stale ORDER BY ALL;
