DELETE FROM store.runs WHERE run_id IN (SELECT run_id FROM new_runs);
DELETE FROM store.run_diagnostics AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_assets AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_clusters AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_edges AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_positions AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_checksums AS old USING new_runs AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of;
DELETE FROM store.run_cv_scores WHERE run_id IN (SELECT run_id FROM new_runs);
DELETE FROM store.run_exclusions WHERE run_id IN (SELECT run_id FROM new_runs);
DELETE FROM store.run_repairs WHERE run_id IN (SELECT run_id FROM new_runs);
DELETE FROM store.run_cut WHERE run_id IN (SELECT run_id FROM new_runs);

INSERT INTO store.runs BY NAME FROM new_runs;
INSERT INTO store.run_diagnostics BY NAME FROM new_run_diagnostics;
INSERT INTO store.run_assets BY NAME FROM new_run_assets;
INSERT INTO store.run_clusters BY NAME FROM new_run_clusters;
INSERT INTO store.run_edges BY NAME FROM new_run_edges;
INSERT INTO store.run_positions BY NAME FROM new_run_positions;
INSERT INTO store.run_cv_scores BY NAME FROM new_run_cv_scores;
INSERT INTO store.run_exclusions BY NAME FROM new_run_exclusions;
INSERT INTO store.run_repairs BY NAME FROM new_run_repairs;
INSERT INTO store.run_cut BY NAME FROM new_run_cut;

-- Correlations are kept of each map's newest run alone.
DELETE FROM store.run_correlations
WHERE run_id IN (SELECT run_id FROM new_runs)
    OR run_id NOT IN (SELECT run_id FROM store.latest_run_ids);
INSERT INTO store.run_correlations BY NAME
FROM new_run_correlations SEMI JOIN store.latest_run_ids USING (run_id);
