-- restore_run_target: add the row of a cloud that a run had to read, if the warehouse has lost it.
INSERT INTO run_targets BY NAME
SELECT $run_id AS run_id, $cloud AS cloud, $is_whole AS is_whole, $error AS error
WHERE NOT EXISTS (FROM run_targets WHERE run_id = $run_id AND cloud = $cloud)
