-- remove_run_listings: take back what is recorded of one cloud's night.
DELETE FROM run_listings WHERE run_id = $run_id AND cloud = $cloud
