-- faulty_runs: What went wrong lately, where, and why?
-- One row per run and listing (or cloud) that was not read or loaded completely, newest first. Times are UTC. A run that failed
-- before it could read a cloud has one row, without cloud and listing.
-- $since = 30 days ago: the first day
SELECT
    runs.started_at, -- Start of the run. UTC.
    runs.run_id, -- The run.
    runs.mode, -- full, changes, replay, retire or rename.
    runs.status, -- partial or failed.
    faults.cloud, -- The cloud; NULL: the run failed before it read one.
    faults.listing, -- The listing; NULL: the cloud as a whole.
    coalesce(faults.error, runs.error) AS error -- What went wrong.
FROM runs
LEFT JOIN (
    SELECT run_id, cloud, listing, error FROM run_listings WHERE NOT complete
    UNION ALL
    SELECT run_id, cloud, NULL, error FROM run_clouds WHERE error IS NOT NULL
    UNION ALL
    SELECT target.run_id, target.cloud, NULL, coalesce(target.error, 'the run ended before it loaded this cloud')
    FROM run_targets AS target
    ANTI JOIN run_clouds AS loaded ON loaded.run_id = target.run_id AND loaded.cloud = target.cloud
) AS faults
    ON faults.run_id = runs.run_id
WHERE runs.status NOT IN ('completed', 'running')
    AND runs.started_at >= $since::DATE
ORDER BY runs.started_at DESC, faults.cloud, faults.listing
