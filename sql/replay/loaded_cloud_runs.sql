-- loaded_cloud_runs: the runs of clouds that left something in the history: a listing of theirs was loaded.
-- One row per run and cloud, the oldest first. UTC.
SELECT DISTINCT runs.run_id, run_listings.cloud, runs.started_at
FROM runs
JOIN run_listings USING (run_id)
WHERE run_listings.complete
ORDER BY runs.started_at
