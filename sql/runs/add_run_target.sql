-- add_run_target: record that a run has to read a cloud.
INSERT INTO run_targets (run_id, cloud, is_whole) VALUES ($run_id, $cloud, $is_whole)
