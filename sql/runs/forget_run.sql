-- forget_run: remove a run that has loaded nothing.
DELETE FROM runs WHERE run_id = $run_id
