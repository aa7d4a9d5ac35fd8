-- show_running_runs: the runs that go on are in the copy attached as `published` too.
INSERT INTO published.runs BY NAME
SELECT run.*
FROM warehouse.runs AS run
ANTI JOIN published.runs AS shown ON shown.run_id = run.run_id
WHERE run.status = 'running'
