-- show_their_targets: add the clouds that the running runs have to read to the copy attached as `published`.
INSERT INTO published.run_targets BY NAME
SELECT target.*
FROM warehouse.run_targets AS target
SEMI JOIN (SELECT run_id FROM warehouse.runs WHERE status = 'running') AS running ON running.run_id = target.run_id
ANTI JOIN published.run_targets AS shown ON shown.run_id = target.run_id AND shown.cloud = target.cloud
