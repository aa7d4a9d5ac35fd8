-- show_running_runs: add the runs that are still running to the copy attached as `published`.
INSERT INTO published.runs BY NAME
SELECT run.*
FROM warehouse.runs AS run
ANTI JOIN published.runs AS shown ON shown.run_id = run.run_id
WHERE run.status = 'running'
