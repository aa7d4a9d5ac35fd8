-- running_runs: the runs that go on.
-- One row per run.
SELECT run_id FROM runs WHERE status = 'running'
