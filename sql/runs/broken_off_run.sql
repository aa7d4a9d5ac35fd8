-- broken_off_run: the run before this one, if it had the same mode and did not finish everywhere.
-- One row or none. UTC. Only the last run can be resumed: older pages must not replace what a later run has loaded.
SELECT last_run.run_id, last_run.started_at
FROM (SELECT * FROM runs WHERE run_id <> $run_id ORDER BY started_at DESC LIMIT 1) AS last_run
WHERE last_run.mode = $mode
    AND (
        last_run.status = 'failed'
        OR EXISTS (FROM run_listings WHERE run_id = last_run.run_id AND NOT complete)
        OR EXISTS (
            FROM run_clouds AS found
            ANTI JOIN run_listings AS listings ON listings.run_id = found.run_id AND listings.cloud = found.cloud
            WHERE found.run_id = last_run.run_id
        )
    )
