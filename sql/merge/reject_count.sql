-- reject_count: how many values and images of a cloud this run rejected.
-- One row.
SELECT count(*) AS rejected
FROM rejects
WHERE run_id = $run_id AND cloud = $cloud
