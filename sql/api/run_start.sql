-- run_start: when a run began.
-- One row, or none where there is no such run. UTC.
SELECT started_at FROM copy.runs WHERE run_id = $run_id
