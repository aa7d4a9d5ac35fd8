-- last_runs: how the last run of each kind went that has ended.
-- One row per mode. $dead: the ids of runs that are called running, and whose process died. Times are UTC.
SELECT
    mode,
    max_by(if(list_contains($dead, run_id), 'failed', status), started_at) AS status,
    max(started_at) AS started_at,
    max_by(struct_pack(at := finished_at), started_at).at AS finished_at
FROM runs
WHERE mode IN ('full', 'changes') AND (status <> 'running' OR list_contains($dead, run_id))
GROUP BY mode
ORDER BY mode
