-- newest_images: Which is the newest public image of each system and architecture: what should a Terraform file name?
-- One row per cloud, project, system and architecture. Times are UTC. The name outlives the id where a cloud renews its images: take
-- the id where a server must not change, else the name. What it promises is in replace_frequency and uuid_validity (SCS-0102).
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
