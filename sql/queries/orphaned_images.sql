-- orphaned_images: Which images were made from a parent image that is gone, or whose system is no longer maintained?
-- One row per image that is not public; those whose parent is gone come first. Times and days are UTC. The parent is
-- originalimagename, source_image_id or base_image_ref. A parent that no run has seen is left out: nothing is known about it.
-- $on = today: the day to judge by
WITH parents AS (
    SELECT
        cloud,
        id,
        arg_max(name, seen_from) AS name,
        coalesce(arg_max(os_version, seen_from), '') AS os_version,
        coalesce(arg_max(platform, seen_from), '') AS platform,
        coalesce(arg_max(os_distro, seen_from), '') AS os_distro,
        arg_max(coalesce(end_reason, ''), seen_from) AS end_reason,
        max(coalesce(seen_to, TIMESTAMP '9999-12-31')) AS seen_to
    FROM image_versions
    GROUP BY cloud, id
)

SELECT
    images.cloud,
    images.name,
    images.id,
    images.owner,
    parents.id AS parent_id,
    parents.name AS parent,
    nullif(parents.end_reason, '') AS parent_is,
    if(parents.end_reason = '', NULL, parents.seen_to) AS parent_ended_at,
    systems.system AS parents_system,
    lifetimes.ends AS maintained_until,
    taken.successor AS parents_successor
FROM images
JOIN parents
    ON parents.cloud = images.cloud
    AND parents.id = coalesce(nullif(images.originalimagename, ''), nullif(images.source_image_id, ''), nullif(images.base_image_ref, ''))
LEFT JOIN image_systems AS systems
    ON systems.os_version = parents.os_version
    AND systems.platform = parents.platform
    AND systems.os_distro = parents.os_distro
LEFT JOIN system_lifetimes AS lifetimes
    ON lifetimes.os_version = systems.os_version AND lifetimes.platform = systems.distribution
LEFT JOIN image_successors AS taken ON taken.cloud = parents.cloud AND taken.id = parents.id
WHERE images.visibility IS DISTINCT FROM 'public'
    AND (parents.end_reason <> '' OR lifetimes.has_ended OR lifetimes.ends < $on::DATE)
ORDER BY parents.end_reason = '', parent_ended_at DESC, maintained_until, images.cloud, images.name, images.id
