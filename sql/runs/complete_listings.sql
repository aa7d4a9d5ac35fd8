-- complete_listings: what a run read to the end.
-- One row per cloud and listing.
SELECT cloud, listing
FROM run_listings
WHERE run_id = $run_id AND complete
