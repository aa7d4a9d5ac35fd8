-- add_withheld: keep the images whose deletion this run withheld (temporary tables withheld_now and too_many, a row an id).
INSERT INTO withheld_deletions BY NAME
SELECT
    $cloud AS cloud,
    found.id,
    if(too_many.id IS NULL, 'no answer', 'too many') AS reason,
    coalesce(before.withheld_from, $started_at) AS withheld_from,
    $run_id AS run_id
FROM withheld_now AS found
LEFT JOIN too_many ON too_many.id = found.id
LEFT JOIN withheld_before AS before ON before.id = found.id
