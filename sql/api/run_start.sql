-- run_start: when a run began.
-- One row, or no row if the run does not exist. UTC.
SELECT started_at FROM copy.runs WHERE run_id = $run_id
