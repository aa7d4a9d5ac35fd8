-- fail_dead_runs: mark runs that have the status running as failed: all of them, or those that started before
-- $dead_since, and those in $died. $why is their error.
UPDATE runs SET status = 'failed', error = $why
WHERE status = 'running' AND ($dead_since IS NULL OR started_at < $dead_since OR list_contains($died, run_id))
