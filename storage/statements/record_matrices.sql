UPDATE store.runs SET matrices = ? WHERE run_id = ?;
