-- restore_run_target: that a run was to read a cloud, where the warehouse has lost it.
INSERT INTO run_targets BY NAME
SELECT $run_id AS run_id, $cloud AS cloud, $is_whole AS is_whole, $error AS error
WHERE NOT EXISTS (FROM run_targets WHERE run_id = $run_id AND cloud = $cloud)
