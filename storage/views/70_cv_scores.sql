CREATE OR REPLACE VIEW cv_scores AS
SELECT
    runs.map,
    runs.as_of,
    score.alpha,
    score.mean_score,
    score.std_score,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN store.run_cv_scores AS score USING (run_id)
WHERE runs.is_newest;

COMMENT ON VIEW cv_scores IS 'How well each penalty that was tried explains returns it has not seen.';
COMMENT ON COLUMN cv_scores.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN cv_scores.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN cv_scores.alpha IS 'The penalty; runs.alpha is the one that was chosen';
COMMENT ON COLUMN cv_scores.mean_score IS 'Log-likelihood per day, mean over the folds; -inf where fits failed';
COMMENT ON COLUMN cv_scores.std_score IS 'Its standard deviation over the folds';
COMMENT ON COLUMN cv_scores.run_id IS 'The run that says so';
