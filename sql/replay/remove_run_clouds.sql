-- remove_run_clouds: take back what is recorded of one cloud's night.
DELETE FROM run_clouds WHERE run_id = $run_id AND cloud = $cloud
