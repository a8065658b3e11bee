SELECT part, name, value FROM store.run_diagnostics WHERE run_id = ? AND as_of = ?;
