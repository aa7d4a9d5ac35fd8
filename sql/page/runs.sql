-- runs: how the last $most runs ended.
-- One row per run, the oldest first. Times are UTC.
SELECT *
FROM (
    SELECT run_id, started_at, mode, status, epoch(finished_at - started_at) AS seconds
    FROM runs
    ORDER BY started_at DESC
    LIMIT $most
)
ORDER BY started_at
