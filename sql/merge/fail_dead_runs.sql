-- fail_dead_runs: mark runs that are still called running as failed. Whoever runs this holds the warehouse alone.
UPDATE runs SET status = 'failed' WHERE status = 'running'
