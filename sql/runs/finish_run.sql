-- finish_run: end a run, with the error that made all of it fail.
UPDATE runs SET status = $status, finished_at = $finished_at, error = $error WHERE run_id = $run_id
