-- recorded_clouds: the clouds of runs that have ended, loaded or recorded as failed.
-- One row per run and cloud. UTC.
SELECT run_clouds.run_id, run_clouds.cloud, runs.started_at
FROM run_clouds
JOIN runs USING (run_id)
WHERE runs.status <> 'running'
