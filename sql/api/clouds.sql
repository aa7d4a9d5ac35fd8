-- clouds: the clouds in the copy, and what is needed to answer for them.
-- One row per cloud. Times are UTC. `project_id` is what the login said, or else the owner of most private images.
WITH readings AS (
    SELECT run_clouds.cloud, min(runs.started_at) AS first_read_at
    FROM copy.run_clouds
    JOIN copy.runs ON runs.run_id = run_clouds.run_id
    GROUP BY run_clouds.cloud
),

versions AS (
    SELECT cloud, min(seen_from) AS first_seen_at FROM copy.image_versions GROUP BY cloud
),

owners AS (
    SELECT version.cloud, mode(version.owner) AS project_id
    FROM copy.image_versions AS version
    SEMI JOIN (SELECT cloud, id FROM copy.listing_memberships WHERE listing = 'private') AS own
        ON own.cloud = version.cloud AND own.id = version.id
    GROUP BY version.cloud
)

SELECT
    coalesce(readings.cloud, versions.cloud) AS cloud,
    least(readings.first_read_at, versions.first_seen_at) AS first_read_at,
    coalesce(known.project_id, owners.project_id) AS project_id
FROM readings
FULL JOIN versions ON versions.cloud = readings.cloud
LEFT JOIN copy.clouds AS known ON known.cloud = coalesce(readings.cloud, versions.cloud)
LEFT JOIN owners ON owners.cloud = coalesce(readings.cloud, versions.cloud)
ORDER BY ALL
