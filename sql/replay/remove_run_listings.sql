-- remove_run_listings: remove the results of one cloud's listings in one run.
DELETE FROM run_listings WHERE run_id = $run_id AND cloud = $cloud
