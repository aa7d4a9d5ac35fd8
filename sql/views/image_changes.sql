-- image_changes: what changed in images, attribute by attribute, with the value before and after.
-- One row per cloud, image, change and attribute. Links are ignored. Times are UTC. Filter by cloud, image or time: then it is
-- fast.
-- Case: public a min_disk=10 | public a min_disk=20
-- SELECT id, changed_at, attribute, old_value, new_value FROM image_changes
-- a, 2026-11-03 02:00:00, min_disk, 10, 20
CREATE OR REPLACE VIEW image_changes AS
WITH column_sides AS (
    -- image_texts is a view: DuckDB would compute a CTE that is read twice for all images, even if one is asked for.
    SELECT
        version.cloud,
        version.id,
        version.name,
        version.seen_from,
        version.run_from,
        unnest(version.columns) AS attribute,
        unnest(before.texts) AS old_value,
        unnest(version.texts) AS new_value
    FROM image_texts AS version
    JOIN image_texts AS before
        ON before.cloud = version.cloud AND before.id = version.id AND before.seen_to = version.seen_from
    WHERE before.end_reason = 'changed'
),

rejected AS (
    SELECT cloud, id, run_id, map_from_entries(list({key: attribute, value: text})) AS texts
    FROM (
        SELECT
            cloud, id, run_id, 'rejected ' || attribute AS attribute,
            string_agg(value || ' (' || reason || ')', ', ' ORDER BY value, reason) AS text
        FROM rejects
        WHERE id IS NOT NULL
        GROUP BY cloud, id, run_id, attribute
    )
    GROUP BY cloud, id, run_id
),

other_pairs AS (
    SELECT
        version.cloud,
        version.id,
        version.name,
        version.seen_from,
        version.run_from,
        coalesce(before.extra, MAP {}) AS old_extra,
        coalesce(version.extra, MAP {}) AS new_extra,
        coalesce(rejected_before.texts, MAP {}) AS old_rejects,
        coalesce(rejected.texts, MAP {}) AS new_rejects,
        list_distinct(list_concat(map_keys(old_extra), map_keys(new_extra))) AS extra_keys,
        list_distinct(list_concat(map_keys(old_rejects), map_keys(new_rejects))) AS reject_keys
    FROM image_versions AS version
    JOIN image_versions AS before
        ON before.cloud = version.cloud AND before.id = version.id AND before.seen_to = version.seen_from
    LEFT JOIN rejected
        ON rejected.cloud = version.cloud AND rejected.id = version.id AND rejected.run_id = version.run_from
    LEFT JOIN rejected AS rejected_before
        ON rejected_before.cloud = before.cloud
            AND rejected_before.id = before.id
            AND rejected_before.run_id = before.run_from
    WHERE before.end_reason = 'changed'
        AND (
            version.extra IS DISTINCT FROM before.extra
            OR rejected.texts IS DISTINCT FROM rejected_before.texts
        )
),

other_sides AS (
    SELECT
        cloud,
        id,
        name,
        seen_from,
        run_from,
        unnest(extra_keys || reject_keys) AS attribute,
        unnest([old_extra[key] FOR key IN extra_keys] || [old_rejects[key] FOR key IN reject_keys]) AS old_value,
        unnest([new_extra[key] FOR key IN extra_keys] || [new_rejects[key] FOR key IN reject_keys]) AS new_value
    FROM other_pairs
)

SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    name, -- The image's name, after the change.
    seen_from AS changed_at, -- Start of the run that found the change. UTC.
    attribute, -- The column of `images` that changed; the API's name if it is in `extra`; `rejected <name>` if in rejects.
    old_value, -- Its value before, as text; lists are JSON. NULL: it had none.
    new_value, -- Its value after, as text; lists are JSON. NULL: it has none.
    run_from AS run_id -- The run that found the change.
FROM column_sides
WHERE old_value IS DISTINCT FROM new_value
UNION ALL
SELECT cloud, id, name, seen_from, attribute, old_value, new_value, run_from
FROM other_sides
WHERE old_value IS DISTINCT FROM new_value
