-- data_dictionary: what each column of `images` holds, how many images have it, and since when.
-- One row per column of `images`, in the order of the columns. Times are UTC.
-- Case: public a __os_bit=64, b | public a __os_bit=64, b min_ram=1
-- SELECT column_name, api_name, images, share, first_seen FROM data_dictionary WHERE column_name IN ('os_bit', 'min_ram')
-- os_bit, __os_bit, 1, 0.5, 2026-11-02 02:00:00
-- min_ram, min_ram, 1, 0.5, 2026-11-03 02:00:00
CREATE OR REPLACE VIEW data_dictionary AS
WITH totals AS (
    SELECT count(*) FILTER (WHERE seen_to IS NULL) AS images, min(seen_from) AS first_seen FROM image_versions
),

-- By run first: then the passes over all columns are plain counts, and the rest has one row per run.
by_run AS (
    SELECT seen_from AS of_run_at, seen_to IS NULL AS of_current, count(COLUMNS(*))
    FROM image_versions
    GROUP BY of_run_at, of_current
),

held AS (
    SELECT
        column_name,
        coalesce(sum(versions) FILTER (WHERE of_current), 0)::BIGINT AS images,
        min(of_run_at) FILTER (WHERE versions > 0) AS first_seen
    FROM (UNPIVOT by_run ON COLUMNS(* EXCLUDE (of_run_at, of_current)) INTO NAME column_name VALUE versions)
    GROUP BY column_name
)

SELECT
    attributes.column_name AS column_name, -- The column of `images`.
    attributes.api_name AS api_name, -- Name that the API gives it; NULL: the column is glanceback's own.
    attributes.type AS type, -- SQL type of the column.
    attributes.unit AS unit, -- Unit of its numbers; NULL: they have none.
    attributes.meaning AS meaning, -- What it holds.
    attributes.source AS source, -- Who says so: reference, vendor SDK, Glance, observed (inferred), or glanceback.
    coalesce(held.images, totals.images) AS images, -- Current images that have it.
    round(coalesce(held.images, totals.images) / nullif(totals.images, 0), 4)
        AS share, -- Share of the current images that have it, 0 to 1.
    if(held.column_name IS NULL, totals.first_seen, held.first_seen)
        AS first_seen -- Start of the run that first saw a value in it; NULL: no run did. UTC.
FROM attributes
CROSS JOIN totals
LEFT JOIN held ON held.column_name = attributes.column_name
ORDER BY attributes.position
