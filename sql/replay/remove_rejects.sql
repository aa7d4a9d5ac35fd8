-- remove_rejects: take back what is recorded of one cloud's night.
DELETE FROM rejects WHERE run_id = $run_id AND cloud = $cloud
