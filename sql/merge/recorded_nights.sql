-- recorded_nights: the nights that have been loaded, or recorded as failed, by runs that have come to an end.
-- One row per run and cloud. UTC.
SELECT run_clouds.run_id, run_clouds.cloud, runs.started_at
FROM run_clouds
JOIN runs USING (run_id)
WHERE runs.status <> 'running'
