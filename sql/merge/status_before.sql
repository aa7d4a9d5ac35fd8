-- status_before: how the last run of this run's mode ended that came to an end before it.
-- One row or none.
SELECT status
FROM runs
WHERE run_id <> $run_id AND mode = $mode AND status <> 'running' AND started_at < $started_at
ORDER BY started_at DESC
LIMIT 1
