-- catalogue_diff: what differs in the catalogue between two times (UTC), whatever happened in between.
-- One row per image that was added or removed, per attribute that differs (`rejected <name>` if in rejects), and per image that
-- is in other listings: cloud, id, name, event (added, removed, changed, moved), attribute, old_value, new_value: FROM
-- catalogue_diff(TIMESTAMP '2026-11-01', TIMESTAMP '2026-11-08'). A cloud whose history begins after from_ts is compared from its
-- first reading on: nobody knows what was there before. A macro reads the database in USE: in a copy that is only attached, use
-- image_events and image_changes.
-- Case: public a min_disk=10, b | public a min_disk=20, c
-- SELECT id, event, attribute, old_value, new_value FROM catalogue_diff(TIMESTAMP '2026-11-02 12:00', TIMESTAMP '2026-11-03 12:00')
-- a, changed, min_disk, 10, 20
-- b, removed, NULL, NULL, NULL
-- c, added, NULL, NULL, NULL
CREATE OR REPLACE MACRO catalogue_diff(from_ts, to_ts) AS TABLE
WITH begins AS (
    SELECT cloud, greatest(first_read_at, from_ts) AS at_ts
    FROM (SELECT cloud, min(seen_from) AS first_read_at FROM image_versions GROUP BY cloud)
    WHERE first_read_at <= to_ts OR from_ts > to_ts
),

before AS (
    SELECT version.cloud, version.id, version.name, version.extra, version.content_hash, version.seen_from, version.run_from
    FROM image_versions AS version
    JOIN begins
        ON begins.cloud = version.cloud
        AND version.seen_from <= begins.at_ts
        AND (version.seen_to IS NULL OR version.seen_to > begins.at_ts)
),

after AS (
    SELECT cloud, id, name, extra, content_hash, seen_from, run_from
    FROM image_versions
    WHERE seen_from <= to_ts AND (seen_to IS NULL OR seen_to > to_ts)
),

moved AS (
    SELECT was.cloud, was.id, was.listings AS old_listings, became.listings AS new_listings
    FROM image_listings AS was
    JOIN begins
        ON begins.cloud = was.cloud
        AND was.shown_from <= begins.at_ts
        AND (was.shown_to IS NULL OR was.shown_to > begins.at_ts)
    JOIN image_listings AS became ON became.cloud = was.cloud AND became.id = was.id
    WHERE became.shown_from <= to_ts
        AND (became.shown_to IS NULL OR became.shown_to > to_ts)
        AND became.listings <> was.listings
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
    SELECT after.cloud, after.id, after.seen_from, before.seen_from AS old_seen_from
    FROM after
    JOIN before ON before.cloud = after.cloud AND before.id = after.id
    WHERE before.content_hash <> after.content_hash
),

column_sides AS (
    SELECT
        version.cloud,
        version.id,
        version.name,
        unnest(version.columns) AS attribute,
        unnest(old_version.texts) AS old_value,
        unnest(version.texts) AS new_value
    FROM differing
    JOIN image_texts AS version
        ON version.cloud = differing.cloud
        AND version.id = differing.id
        AND version.seen_from = differing.seen_from
    JOIN image_texts AS old_version
        ON old_version.cloud = differing.cloud
        AND old_version.id = differing.id
        AND old_version.seen_from = differing.old_seen_from
),

extra_pairs AS (
    SELECT
        after.cloud,
        after.id,
        after.name,
        coalesce(before.extra, MAP {}) AS old_extra,
        coalesce(after.extra, MAP {}) AS new_extra,
        list_distinct(list_concat(map_keys(old_extra), map_keys(new_extra))) AS keys
    FROM after
    JOIN before ON before.cloud = after.cloud AND before.id = after.id
    WHERE before.extra IS DISTINCT FROM after.extra
),

extra_sides AS (
    SELECT
        cloud,
        id,
        name,
        unnest(keys) AS attribute,
        unnest([old_extra[key] FOR key IN keys]) AS old_value,
        unnest([new_extra[key] FOR key IN keys]) AS new_value
    FROM extra_pairs
)

SELECT cloud, id, name, 'changed' AS event, attribute, old_value, new_value
FROM column_sides
WHERE old_value IS DISTINCT FROM new_value
UNION ALL
SELECT cloud, id, name, 'changed', attribute, old_value, new_value
FROM extra_sides
WHERE old_value IS DISTINCT FROM new_value
UNION ALL
SELECT now_there.cloud, now_there.id, now_there.name, 'changed', attribute, rejected_before.text, rejected_after.text
FROM rejected_before
FULL JOIN rejected_after USING (cloud, id, attribute)
JOIN after AS now_there USING (cloud, id)
SEMI JOIN before USING (cloud, id)
WHERE rejected_before.text IS DISTINCT FROM rejected_after.text
UNION ALL
SELECT
    now_there.cloud,
    now_there.id,
    now_there.name,
    'moved',
    'listings',
    if(len(moved.old_listings) = 0, NULL, to_json(moved.old_listings)::VARCHAR),
    if(len(moved.new_listings) = 0, NULL, to_json(moved.new_listings)::VARCHAR)
FROM after AS now_there
SEMI JOIN before ON before.cloud = now_there.cloud AND before.id = now_there.id
JOIN moved ON moved.cloud = now_there.cloud AND moved.id = now_there.id
UNION ALL
SELECT added.cloud, added.id, added.name, 'added', NULL, NULL, NULL
FROM after AS added
ANTI JOIN before ON before.cloud = added.cloud AND before.id = added.id
UNION ALL
SELECT removed.cloud, removed.id, removed.name, 'removed', NULL, NULL, NULL
FROM before AS removed
ANTI JOIN after ON after.cloud = removed.cloud AND after.id = removed.id
