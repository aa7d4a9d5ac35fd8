-- add_retirement: record what was retired, once.
INSERT INTO retirements BY NAME
SELECT $run_id AS run_id, $cloud AS cloud, $listing AS listing, $retired_at::TIMESTAMP AS retired_at
WHERE NOT EXISTS (FROM retirements WHERE run_id = $run_id)
