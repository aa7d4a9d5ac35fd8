-- targets_of_run: the clouds that a run had to read, and why nothing of them was loaded.
-- One row per cloud.
SELECT cloud, is_whole, error FROM run_targets WHERE run_id = $run_id ORDER BY cloud
