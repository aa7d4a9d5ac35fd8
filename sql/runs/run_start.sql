-- run_start: when a run started.
-- One row. UTC.
SELECT started_at FROM runs WHERE run_id = $run_id
