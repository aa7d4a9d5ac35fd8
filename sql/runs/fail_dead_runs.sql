-- fail_dead_runs: mark runs that have the status running as failed: all of them, or those that started before
-- $dead_since, and those in $died.
UPDATE runs SET status = 'failed'
WHERE status = 'running' AND ($dead_since IS NULL OR started_at < $dead_since OR list_contains($died, run_id))
