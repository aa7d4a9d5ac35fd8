-- newest_images: Which is the newest public image of each system and architecture, for example for a Terraform file?
-- One row per cloud, project, system and architecture. Times are UTC. Left out are images that are hidden, in no listing, not active,
-- or that do not say their system. Images for general use (os_purpose generic, or none) come before newer ones for a special use.
-- Where a cloud renews its images, the name stays and the id changes: use the id if a server must not change, otherwise the name.
SELECT
    cloud,
    system,
    coalesce(architecture, if(support_arm, 'aarch64', NULL)) AS architecture, -- architecture, or aarch64 if support_arm is true; NULL: the image does not say.
    name,
    id,
    owner,
    created_at,
    replace_frequency, -- How often it is replaced, as promised (SCS-0102).
    uuid_validity -- How long its id stays, as promised (SCS-0102).
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
