-- restore_run: add the run's row if the warehouse has lost it.
INSERT INTO runs BY NAME
SELECT
    $run_id AS run_id,
    $started_at AS started_at,
    $finished_at AS finished_at,
    $mode AS mode,
    $status AS status,
    $version AS version
WHERE NOT EXISTS (FROM runs WHERE run_id = $run_id)
