-- images: every image that is there, and those that ended last, for a table to search, sort and filter.
-- One row per cloud and image, by name: all that are there, and at most $most_ended others. Times and days are UTC.
-- Outer joins have conditions of equality alone: with another one DuckDB compares every row with every row.
WITH versions AS (
    SELECT cloud, id, count(*) AS versions, min(valid_from) AS first_seen FROM image_history GROUP BY cloud, id
),

pending AS (
    SELECT cloud, id, max(seen_from) AS waiting_since
    FROM listing_memberships
    WHERE listing = 'shared-pending' AND seen_to IS NULL
    GROUP BY cloud, id
),

there AS (
    SELECT
        images.name,
        images.cloud,
        images.id,
        images.owner,
        array_to_string(images.listings, ', ') AS listings,
        images.tags,
        coalesce(images.system, lower(coalesce(images.platform, images.os_type))) AS system,
        images.os_type,
        images.architecture,
        images.status,
        images.bytes,
        images.created_at,
        images.updated_at,
        images.successor,
        NULL::TIMESTAMP AS ended_at,
        NULL AS end_reason,
        lifetimes.product || ' ' || lifetimes.cycle AS release,
        lifetimes.ends AS support_ends,
        lifetimes.has_ended OR lifetimes.ends < $today AS support_is_over
    FROM images
    LEFT JOIN system_lifetimes AS lifetimes
        ON lifetimes.os_version = coalesce(images.os_version, '')
        AND lifetimes.platform = coalesce(nullif(images.platform, ''), images.os_distro, '')
),

ended AS (
    SELECT
        history.name,
        history.cloud,
        history.id,
        history.owner,
        '' AS listings,
        history.tags,
        coalesce(systems.system, lower(coalesce(history.platform, history.os_type))) AS system,
        history.os_type,
        history.architecture,
        history.status,
        coalesce(history.image_size, history.size) AS bytes,
        history.created_at,
        history.updated_at,
        successors.successor,
        history.valid_to AS ended_at,
        history.end_reason,
        NULL AS release,
        NULL::DATE AS support_ends,
        false AS support_is_over
    FROM image_history AS history
    ANTI JOIN images ON images.cloud = history.cloud AND images.id = history.id
    LEFT JOIN image_successors AS successors ON successors.cloud = history.cloud AND successors.id = history.id
    LEFT JOIN image_systems AS systems
        ON systems.os_version = coalesce(history.os_version, '')
        AND systems.platform = coalesce(history.platform, '')
        AND systems.os_distro = coalesce(history.os_distro, '')
    WHERE history.end_reason <> 'changed'
    QUALIFY row_number() OVER (PARTITION BY history.cloud, history.id ORDER BY history.valid_to DESC) = 1
    ORDER BY ended_at DESC, history.cloud, history.id
    LIMIT $most_ended
)

SELECT
    coalesce(image.name, '') AS name,
    image.cloud,
    image.id,
    coalesce(image.owner, '') AS owner,
    image.listings,
    coalesce(array_to_string(image.tags, chr(31)), '') AS tags,
    coalesce(image.system, '') AS system,
    coalesce(image.os_type, '') AS os_type,
    coalesce(image.architecture, '') AS architecture,
    coalesce(image.status, '') AS status,
    image.bytes,
    image.created_at::DATE AS created,
    image.updated_at::DATE AS updated,
    versions.first_seen::DATE AS first_seen,
    versions.versions,
    image.ended_at::DATE AS ended,
    image.end_reason,
    image.successor,
    image.release,
    image.support_ends,
    coalesce(image.support_is_over, false) AS support_is_over,
    if(image.ended_at IS NULL, pending.waiting_since::DATE, NULL) AS waiting_since,
    if(image.ended_at IS NULL, withheld.reason, NULL) AS withheld
FROM (FROM there UNION ALL FROM ended) AS image
JOIN versions ON versions.cloud = image.cloud AND versions.id = image.id
LEFT JOIN pending ON pending.cloud = image.cloud AND pending.id = image.id
LEFT JOIN withheld_deletions AS withheld ON withheld.cloud = image.cloud AND withheld.id = image.id
ORDER BY lower(image.name), image.name, image.cloud, image.id
