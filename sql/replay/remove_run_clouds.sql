-- remove_run_clouds: remove the result of one cloud in one run.
DELETE FROM run_clouds WHERE run_id = $run_id AND cloud = $cloud
