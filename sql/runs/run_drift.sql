-- run_drift: undocumented attributes that this run was the first to see, and attributes that it no longer saw on any image.
-- One row per cloud and attribute. A cloud's first run has no drift. To be fast, it reads only what this run began and ended,
-- what is current, and the attributes that `extra` had before; the view schema_drift reads the whole history.
WITH known_clouds AS MATERIALIZED (
    SELECT cloud FROM image_versions GROUP BY cloud HAVING min(seen_from) < $started_at AND count(*) > count(seen_to)
),

had AS (
    UNPIVOT (
        SELECT cloud, count(COLUMNS(* EXCLUDE (cloud))) FROM image_versions WHERE run_to = $run_id GROUP BY cloud
    ) ON COLUMNS(* EXCLUDE (cloud)) INTO NAME attribute VALUE images
),

has AS (
    UNPIVOT (
        SELECT cloud, count(COLUMNS(* EXCLUDE (cloud))) FROM image_versions WHERE seen_to IS NULL GROUP BY cloud
    ) ON COLUMNS(* EXCLUDE (cloud)) INTO NAME attribute VALUE images
),

extra_begun AS (
    SELECT cloud, unnest(map_entries(extra)) AS entry FROM image_versions WHERE run_from = $run_id
),

extra_before AS (
    SELECT DISTINCT cloud, unnest(map_keys(extra)) AS attribute FROM image_versions WHERE seen_from < $started_at
),

extra_had AS (
    SELECT DISTINCT cloud, unnest(map_keys(extra)) AS attribute FROM image_versions WHERE run_to = $run_id
),

extra_has AS (
    SELECT DISTINCT cloud, unnest(map_keys(extra)) AS attribute FROM image_versions WHERE seen_to IS NULL
),

drift AS (
    SELECT begun.cloud, begun.entry.key AS attribute, 'undocumented' AS drift, count(*) AS images, any_value(begun.entry.value) AS example
    FROM extra_begun AS begun
    ANTI JOIN extra_before AS before ON before.cloud = begun.cloud AND before.attribute = begun.entry.key
    GROUP BY begun.cloud, begun.entry.key
    UNION ALL
    SELECT had.cloud, had.attribute, 'vanished', 0, NULL
    FROM had
    SEMI JOIN (SELECT column_name FROM attributes WHERE api_name IS NOT NULL) AS known ON known.column_name = had.attribute
    JOIN has ON has.cloud = had.cloud AND has.attribute = had.attribute
    WHERE had.images > 0 AND has.images = 0
    UNION ALL
    SELECT extra_had.cloud, extra_had.attribute, 'vanished', 0, NULL
    FROM extra_had
    ANTI JOIN extra_has ON extra_has.cloud = extra_had.cloud AND extra_has.attribute = extra_had.attribute
)

SELECT drift.cloud, drift.attribute, drift.drift, drift.images, drift.example
FROM drift
SEMI JOIN known_clouds ON known_clouds.cloud = drift.cloud
ORDER BY drift.cloud, drift.drift, drift.attribute
