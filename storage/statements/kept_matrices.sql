SELECT as_of, run_id, matrices FROM store.runs WHERE matrices IS NOT NULL;
