SELECT id FROM (SELECT unnest($basis::VARCHAR[]) AS id) WHERE id NOT IN (SELECT run_id FROM store.runs);
