SELECT alpha, mean_score, std_score FROM store.run_cv_scores WHERE run_id = ? ORDER BY alpha;
