-- orphaned_images: Which images were made from a parent image that is gone, or whose system is no longer maintained?
-- One row per image that is not public; those whose parent is gone come first. Times and days are UTC. The parent is
-- originalimagename, source_image_id or base_image_ref. An image whose parent no run has seen is left out, because nothing is known
-- about the parent: unjudged_parents counts these images.
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
    parents.id AS parent_id, -- The parent's id.
    parents.name AS parent, -- The parent's last name.
    nullif(parents.end_reason, '') AS parent_is, -- Why the parent ended: deleted, gone or retired; NULL: it is still there.
    if(parents.end_reason = '', NULL, parents.seen_to) AS parent_ended_at, -- Start of the run that first missed the parent; NULL: it is still there. UTC.
    systems.system AS parents_system, -- The parent's operating system, spelled as `system` of images.
    lifetimes.ends AS maintained_until, -- Last day of free maintenance of that system; NULL: not known.
    taken.successor AS parents_successor -- The image that now stands for a name that the parent had; NULL: none.
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
