-- runs: how the last $most runs ended.
-- One row per run, the oldest first. Times are UTC. Why a run is not completed, the query faulty_runs says.
SELECT run_id, started_at, mode, status, epoch(finished_at - started_at) AS seconds
FROM runs
QUALIFY row_number() OVER (ORDER BY started_at DESC) <= $most
ORDER BY started_at
