-- unjudged_parents: How many images name a parent image that no run has ever seen, so that orphaned_images cannot judge them?
-- One row per cloud and project of images that are not public, most images first. The parent may have been deleted before the first
-- run, or be an image that the account may not see.
WITH children AS (
    SELECT *, coalesce(nullif(originalimagename, ''), nullif(source_image_id, ''), nullif(base_image_ref, '')) AS parent_id
    FROM images
    WHERE visibility IS DISTINCT FROM 'public'
)

SELECT
    children.cloud,
    children.owner,
    count(*) AS images, -- Images whose parent no run has seen.
    count(DISTINCT children.parent_id) AS parents, -- Parents that they name.
    arg_min(children.name, children.id) AS example, -- Name of one of the images.
    min(children.id) AS example_id, -- Its id.
    arg_min(children.parent_id, children.id) AS example_parent -- The parent that it names.
FROM children
ANTI JOIN image_versions AS seen ON seen.cloud = children.cloud AND seen.id = children.parent_id
WHERE children.parent_id IS NOT NULL
GROUP BY children.cloud, children.owner
ORDER BY images DESC, children.cloud, children.owner
