-- newest_images: Which is the newest public image of each system and architecture, for example for a Terraform file?
-- One row per cloud, project, system and architecture. Times are UTC. Where a cloud renews its images, the name stays and the
-- id changes: use the id if a server must not change, otherwise the name. The image's promises are in replace_frequency and
-- uuid_validity (SCS-0102).
SELECT
    cloud,
    system,
    coalesce(architecture, if(support_arm, 'aarch64', NULL)) AS architecture,
    name,
    id,
    owner,
    created_at,
    replace_frequency,
    uuid_validity
FROM images
WHERE visibility = 'public'
    AND state = 'listed'
    AND system IS NOT NULL
    AND NOT coalesce(os_hidden, false)
    AND coalesce(status, 'active') = 'active'
QUALIFY row_number() OVER (
    PARTITION BY cloud, owner, system, coalesce(architecture, if(support_arm, 'aarch64', NULL))
    ORDER BY coalesce(os_purpose, 'generic') = 'generic' DESC, created_at DESC NULLS LAST, id
) = 1
ORDER BY cloud, system, architecture, owner
