-- remove_rejects: remove the rejects of one cloud in one run.
DELETE FROM rejects WHERE run_id = $run_id AND cloud = $cloud
