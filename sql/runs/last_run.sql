-- last_run: the run that started last.
-- One row, or none. UTC.
SELECT run_id, started_at FROM runs ORDER BY started_at DESC LIMIT 1
