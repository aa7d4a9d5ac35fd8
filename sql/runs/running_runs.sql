-- running_runs: the runs that have the status running.
-- One row per run.
SELECT run_id FROM runs WHERE status = 'running'
