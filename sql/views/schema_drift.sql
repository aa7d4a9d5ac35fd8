-- schema_drift: attributes that nobody documented, and attributes that no image of a cloud has any more.
-- One row per cloud and attribute. Times are UTC.
-- Case: public a fresh=1, b short=2 | public a fresh=1, b
-- SELECT attribute, drift, images, first_seen, gone_since, example FROM schema_drift
-- fresh, undocumented, 1, 2026-11-02 02:00:00, NULL, 1
-- short, vanished, 0, 2026-11-02 02:00:00, 2026-11-03 02:00:00, 2
CREATE OR REPLACE VIEW schema_drift AS
WITH documented AS (
    UNPIVOT (
        SELECT
            cloud,
            struct_pack(
                images := count(COLUMNS(* EXCLUDE (cloud))) FILTER (WHERE seen_to IS NULL),
                first_seen := min(seen_from) FILTER (WHERE COLUMNS(* EXCLUDE (cloud)) IS NOT NULL),
                last_seen := max(seen_to) FILTER (WHERE COLUMNS(* EXCLUDE (cloud)) IS NOT NULL),
                example := any_value(COLUMNS(* EXCLUDE (cloud)))::VARCHAR
            )
        FROM image_versions
        GROUP BY cloud
    ) ON COLUMNS(* EXCLUDE (cloud)) INTO NAME attribute VALUE found
),

undocumented AS (
    SELECT cloud, seen_from, seen_to, unnest(map_entries(extra)) AS entry FROM image_versions
),

all_seen AS (
    SELECT
        cloud,
        attribute,
        true AS is_documented,
        found.images AS images,
        found.first_seen AS first_seen,
        found.last_seen AS last_seen,
        found.example AS example
    FROM documented
    SEMI JOIN (FROM attributes WHERE api_name IS NOT NULL) AS known ON known.column_name = documented.attribute
    WHERE found.first_seen IS NOT NULL
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
    if(images = 0, last_seen, NULL) AS gone_since, -- Start of the run that first saw it on no image, or NULL. UTC.
    example -- One of its values, as text.
FROM all_seen
WHERE (images > 0 AND NOT is_documented)
    OR (images = 0 AND cloud IN (SELECT cloud FROM image_versions WHERE seen_to IS NULL))
