-- schema_drift: attributes that are not documented, and attributes that no image of a cloud has any more.
-- One row per cloud and attribute. Times are UTC.
-- Case: public a fresh=1, b short=2 | public a fresh=1, b
-- SELECT attribute, drift, images, first_seen, gone_since, example FROM schema_drift
-- fresh, undocumented, 1, 2026-11-02 02:00:00, NULL, 1
-- short, vanished, 0, 2026-11-02 02:00:00, 2026-11-03 02:00:00, 2
CREATE OR REPLACE VIEW schema_drift AS
WITH by_start AS (
    -- By run first: then the passes over all columns are plain counts, and the rest has one row per run.
    SELECT cloud AS of_cloud, seen_from AS of_run_at, seen_to IS NULL AS of_current, count(COLUMNS(*))
    FROM image_versions
    GROUP BY of_cloud, of_run_at, of_current
),

by_end AS (
    SELECT cloud AS of_cloud, seen_to AS of_run_at, count(COLUMNS(*))
    FROM image_versions
    WHERE seen_to IS NOT NULL
    GROUP BY of_cloud, of_run_at
),

begun AS (
    SELECT
        of_cloud,
        attribute,
        coalesce(sum(versions) FILTER (WHERE of_current), 0)::BIGINT AS images,
        min(of_run_at) AS first_seen
    FROM (UNPIVOT by_start ON COLUMNS(* EXCLUDE (of_cloud, of_run_at, of_current)) INTO NAME attribute VALUE versions)
    WHERE versions > 0
    GROUP BY of_cloud, attribute
),

ended AS (
    SELECT of_cloud, attribute, max(of_run_at) AS last_seen
    FROM (UNPIVOT by_end ON COLUMNS(* EXCLUDE (of_cloud, of_run_at)) INTO NAME attribute VALUE versions)
    WHERE versions > 0
    GROUP BY of_cloud, attribute
),

examples AS (
    UNPIVOT (
        SELECT cloud AS of_cloud, any_value(COLUMNS(*))::VARCHAR FROM image_versions GROUP BY of_cloud
    ) ON COLUMNS(* EXCLUDE (of_cloud)) INTO NAME attribute VALUE example
),

undocumented AS (
    SELECT cloud, seen_from, seen_to, unnest(map_entries(extra)) AS entry FROM image_versions
),

all_seen AS (
    SELECT
        begun.of_cloud AS cloud,
        begun.attribute AS attribute,
        true AS is_documented,
        begun.images AS images,
        begun.first_seen AS first_seen,
        ended.last_seen AS last_seen,
        examples.example AS example
    FROM begun
    SEMI JOIN (FROM attributes WHERE api_name IS NOT NULL) AS known ON known.column_name = begun.attribute
    LEFT JOIN ended ON ended.of_cloud = begun.of_cloud AND ended.attribute = begun.attribute
    LEFT JOIN examples ON examples.of_cloud = begun.of_cloud AND examples.attribute = begun.attribute
    UNION ALL
    SELECT
        cloud,
        entry.key,
        false,
        count(*) FILTER (WHERE seen_to IS NULL),
        min(seen_from),
        max(seen_to),
        any_value(entry.value)
    FROM undocumented
    GROUP BY cloud, entry.key
)

SELECT
    cloud, -- Name of the cloud, as in the settings.
    attribute, -- The API's name of an undocumented attribute, which is in `extra`; the column of a documented one.
    if(images = 0, 'vanished', 'undocumented') AS drift, -- undocumented, or vanished: no current image has it.
    is_documented, -- Whether the attribute has a column.
    images, -- Current images that have it.
    first_seen, -- Start of the run that first saw it. UTC.
    if(images = 0, last_seen, NULL) AS gone_since, -- Start of the first run that saw it on no image; NULL: images have it. UTC.
    example -- One of its values, as text.
FROM all_seen
WHERE (images > 0 AND NOT is_documented)
    OR (images = 0 AND cloud IN (SELECT cloud FROM image_versions WHERE seen_to IS NULL))
