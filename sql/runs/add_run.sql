-- add_run: begin a run. It starts after every run before it, whatever our clock says: versions follow one another.
INSERT INTO runs BY NAME
SELECT
    $run_id AS run_id,
    greatest($started_at, (SELECT max(started_at) + INTERVAL 1 MICROSECOND FROM runs)) AS started_at,
    $mode AS mode,
    'running' AS status,
    $version AS version
