-- run_changes: what a run found different, for people to look at: at most $most rows of each kind.
-- One row per image that came or ended, and per attribute that changed. Only the images that are shown are compared attribute
-- by attribute: after a run in which all images changed, all of them would not fit into memory.
-- hash takes an empty list for NULL. JSON columns are compared as text: to_json would write their numbers differently.
WITH rejected AS (
    SELECT cloud, id, run_id, map_from_entries(list({key: attribute, value: text} ORDER BY attribute)) AS texts
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

changed AS MATERIALIZED (
    SELECT version.cloud, version.id, rejected_before.texts AS old_rejects, rejected.texts AS new_rejects
    FROM (
        SELECT cloud, id, run_from, tags, hash(*COLUMNS(* EXCLUDE (
            updated_at, content_hash, seen_from, seen_to, run_from, run_to, end_reason, state,
            landed_page, landed_file, landed_hash, self, file, schema
        ))) AS content
        FROM image_versions
        WHERE run_from = $run_id
    ) AS version
    JOIN (
        SELECT cloud, id, run_from, tags, hash(*COLUMNS(* EXCLUDE (
            updated_at, content_hash, seen_from, seen_to, run_from, run_to, end_reason, state,
            landed_page, landed_file, landed_hash, self, file, schema
        ))) AS content
        FROM image_versions
        WHERE run_to = $run_id AND end_reason = 'changed'
    ) AS before
        ON before.cloud = version.cloud AND before.id = version.id
    LEFT JOIN rejected
        ON rejected.cloud = version.cloud AND rejected.id = version.id AND rejected.run_id = version.run_from
    LEFT JOIN rejected AS rejected_before
        ON rejected_before.cloud = before.cloud
            AND rejected_before.id = before.id
            AND rejected_before.run_id = before.run_from
    WHERE before.content <> version.content
        OR before.tags IS DISTINCT FROM version.tags
        OR old_rejects IS DISTINCT FROM new_rejects
    ORDER BY version.cloud, version.id
    LIMIT $most
),

pairs AS (
    SELECT
        version.cloud,
        version.id,
        version.name,
        to_json(before)::MAP(VARCHAR, VARCHAR) AS old_columns,
        to_json(version)::MAP(VARCHAR, VARCHAR) AS new_columns,
        coalesce(before.extra, MAP {}) AS old_extra,
        coalesce(version.extra, MAP {}) AS new_extra,
        coalesce(changed.old_rejects, MAP {}) AS old_rejects,
        coalesce(changed.new_rejects, MAP {}) AS new_rejects,
        list_distinct(list_concat(map_keys(old_extra), map_keys(new_extra))) AS extra_keys,
        list_distinct(list_concat(map_keys(old_rejects), map_keys(new_rejects))) AS reject_keys
    FROM (
        SELECT * EXCLUDE (self, file, schema) REPLACE (os_feature_list::VARCHAR AS os_feature_list, locations::VARCHAR AS locations)
        FROM image_versions
        SEMI JOIN changed USING (cloud, id)
        WHERE run_from = $run_id
    ) AS version
    JOIN (
        SELECT * EXCLUDE (self, file, schema) REPLACE (os_feature_list::VARCHAR AS os_feature_list, locations::VARCHAR AS locations)
        FROM image_versions
        SEMI JOIN changed USING (cloud, id)
        WHERE run_to = $run_id AND end_reason = 'changed'
    ) AS before
        ON before.cloud = version.cloud AND before.id = version.id
    JOIN changed ON changed.cloud = version.cloud AND changed.id = version.id
),

sides AS (
    SELECT
        cloud,
        id,
        name,
        unnest(map_keys(new_columns) || extra_keys || reject_keys) AS attribute,
        unnest(
            map_values(old_columns)
            || [old_extra[key] FOR key IN extra_keys]
            || [old_rejects[key] FOR key IN reject_keys]
        ) AS old_value,
        unnest(
            map_values(new_columns)
            || [new_extra[key] FOR key IN extra_keys]
            || [new_rejects[key] FOR key IN reject_keys]
        ) AS new_value,
        unnest(
            [false FOR key IN map_keys(new_columns)] || [true FOR key IN extra_keys] || [true FOR key IN reject_keys]
        ) AS is_extra
    FROM pairs
)

(
    SELECT end_reason AS event, cloud, name, id, NULL AS attribute, NULL AS old_value, NULL AS new_value
    FROM image_versions
    WHERE run_to = $run_id AND end_reason <> 'changed'
    LIMIT $most
)
UNION ALL
(
    SELECT 'changed', cloud, name, id, attribute, old_value, new_value
    FROM sides
    WHERE old_value IS DISTINCT FROM new_value
        AND (
            is_extra
            OR attribute IN (SELECT column_name FROM attributes WHERE api_name IS NOT NULL AND column_name <> 'updated_at')
        )
    ORDER BY cloud, id, attribute
    LIMIT $most
)
UNION ALL
(
    SELECT 'came', version.cloud, version.name, version.id, NULL, NULL, NULL
    FROM image_versions AS version
    ANTI JOIN (SELECT cloud, id FROM image_versions WHERE run_to = $run_id AND end_reason = 'changed') AS before
        ON before.cloud = version.cloud AND before.id = version.id
    WHERE version.run_from = $run_id
    LIMIT $most
)
