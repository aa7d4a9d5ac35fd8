-- earlier_clouds: every cloud that a run has logged in to, and whose images it shows.
-- One row per cloud, the one that was read last at the end.
SELECT cloud, settings_name, region, project_id, project_name, gone_since IS NOT NULL AS is_gone
FROM clouds
ORDER BY last_seen, cloud
