-- dialect: the dialect in which a cloud was read at a time: ims or openstack.
-- One row; NULL if no run up to that time knows it.
SELECT arg_max(run_clouds.dialect, runs.started_at) AS dialect
FROM copy.run_clouds
JOIN copy.runs ON runs.run_id = run_clouds.run_id
WHERE run_clouds.cloud = $cloud AND run_clouds.dialect IS NOT NULL AND runs.started_at <= $at
