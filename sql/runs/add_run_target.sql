-- add_run_target: keep that a run is to read a cloud.
INSERT INTO run_targets (run_id, cloud, is_whole) VALUES ($run_id, $cloud, $is_whole)
