-- catalogue_diff: what is different in the catalogue between two moments (UTC), whatever happened in between.
-- One row per image that came or went, and per attribute that differs (`rejected <name>` if in rejects): cloud, id,
-- name, event (added, removed, changed), attribute, old_value, new_value: FROM catalogue_diff(TIMESTAMP '2026-11-01', TIMESTAMP '2026-11-08'). A
-- macro looks into the database in USE: in a copy that is only attached, take image_events and image_changes.
-- Case: public a min_disk=10, b | public a min_disk=20, c
-- SELECT id, event, attribute, old_value, new_value FROM catalogue_diff(TIMESTAMP '2026-11-02 12:00', TIMESTAMP '2026-11-03 12:00')
-- a, changed, min_disk, 10, 20
-- b, removed, NULL, NULL, NULL
-- c, added, NULL, NULL, NULL
CREATE OR REPLACE MACRO catalogue_diff(from_ts, to_ts) AS TABLE
-- JSON columns as text: to_json would write their numbers in another way.
WITH before AS (
    SELECT * EXCLUDE (self, file, schema) REPLACE (os_feature_list::VARCHAR AS os_feature_list, locations::VARCHAR AS locations)
    FROM image_versions
    WHERE seen_from <= from_ts AND (seen_to IS NULL OR seen_to > from_ts)
),

after AS (
    SELECT * EXCLUDE (self, file, schema) REPLACE (os_feature_list::VARCHAR AS os_feature_list, locations::VARCHAR AS locations)
    FROM image_versions
    WHERE seen_from <= to_ts AND (seen_to IS NULL OR seen_to > to_ts)
),

stays_before AS (
    SELECT cloud, id, to_json(list(listing ORDER BY listing))::VARCHAR AS listings
    FROM listing_memberships
    WHERE seen_from <= from_ts AND (seen_to IS NULL OR seen_to > from_ts)
    GROUP BY cloud, id
),

stays_after AS (
    SELECT cloud, id, to_json(list(listing ORDER BY listing))::VARCHAR AS listings
    FROM listing_memberships
    WHERE seen_from <= to_ts AND (seen_to IS NULL OR seen_to > to_ts)
    GROUP BY cloud, id
),

rejected AS (
    SELECT
        cloud, id, run_id, 'rejected ' || attribute AS attribute,
        string_agg(value || ' (' || reason || ')', ', ' ORDER BY value, reason) AS text
    FROM rejects
    WHERE id IS NOT NULL
    GROUP BY cloud, id, run_id, attribute
),

rejected_before AS (
    SELECT rejected.* FROM rejected
    SEMI JOIN before ON before.cloud = rejected.cloud AND before.id = rejected.id AND before.run_from = rejected.run_id
),

rejected_after AS (
    SELECT rejected.* FROM rejected
    SEMI JOIN after ON after.cloud = rejected.cloud AND after.id = rejected.id AND after.run_from = rejected.run_id
),

differing AS (
    SELECT
        after.cloud,
        after.id,
        after.name,
        to_json(before)::MAP(VARCHAR, VARCHAR) AS old_columns,
        to_json(after)::MAP(VARCHAR, VARCHAR) AS new_columns,
        coalesce(before.extra, MAP {}) AS old_extra,
        coalesce(after.extra, MAP {}) AS new_extra,
        list_distinct(list_concat(map_keys(old_extra), map_keys(new_extra))) AS extra_keys
    FROM after
    JOIN before ON before.cloud = after.cloud AND before.id = after.id
    WHERE before.content_hash <> after.content_hash
),

sides AS (
    SELECT
        cloud,
        id,
        name,
        unnest(list_concat(map_keys(new_columns), extra_keys)) AS attribute,
        unnest(list_concat(map_values(old_columns), [old_extra[key] for key in extra_keys])) AS old_value,
        unnest(list_concat(map_values(new_columns), [new_extra[key] for key in extra_keys])) AS new_value,
        unnest(list_concat([false for key in map_keys(new_columns)], [true for key in extra_keys])) AS is_extra
    FROM differing
)

SELECT cloud, id, name, 'changed' AS event, attribute, old_value, new_value
FROM sides
WHERE old_value IS DISTINCT FROM new_value
    AND (is_extra OR attribute IN (SELECT column_name FROM attributes WHERE api_name IS NOT NULL))
UNION ALL
SELECT now_there.cloud, now_there.id, now_there.name, 'changed', attribute, rejected_before.text, rejected_after.text
FROM rejected_before
FULL JOIN rejected_after USING (cloud, id, attribute)
JOIN after AS now_there USING (cloud, id)
SEMI JOIN before USING (cloud, id)
WHERE rejected_before.text IS DISTINCT FROM rejected_after.text
UNION ALL
SELECT now_there.cloud, now_there.id, now_there.name, 'changed', 'listings', stays_before.listings, stays_after.listings
FROM after AS now_there
SEMI JOIN before ON before.cloud = now_there.cloud AND before.id = now_there.id
LEFT JOIN stays_before ON stays_before.cloud = now_there.cloud AND stays_before.id = now_there.id
LEFT JOIN stays_after ON stays_after.cloud = now_there.cloud AND stays_after.id = now_there.id
WHERE stays_before.listings IS DISTINCT FROM stays_after.listings
UNION ALL
SELECT added.cloud, added.id, added.name, 'added', NULL, NULL, NULL
FROM after AS added
ANTI JOIN before ON before.cloud = added.cloud AND before.id = added.id
UNION ALL
SELECT removed.cloud, removed.id, removed.name, 'removed', NULL, NULL, NULL
FROM before AS removed
ANTI JOIN after ON after.cloud = removed.cloud AND after.id = removed.id
