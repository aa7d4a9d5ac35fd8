-- missing_in_cloud: Which images does one cloud have that another cloud lacks, compared by name, checksum or hash?
-- One row per image that the first cloud lists, sorted by name. By checksum or hash, images that have none are left out.
-- $cloud: the cloud that has them
-- $other: the cloud that may lack them
-- $by = name: name, checksum or hash
WITH keys AS (
    SELECT
        *,
        CASE $by
            WHEN 'name' THEN nullif(name, '')
            WHEN 'checksum' THEN nullif(lower(trim(checksum)), '')
            WHEN 'hash' THEN lower(os_hash_algo) || ' ' || nullif(lower(trim(os_hash_value)), '')
        END AS compared
    FROM images
    WHERE state = 'listed'
)

SELECT here.name, here.id, here.compared, here.system, here.visibility, here.owner, round(here.bytes / 1e9, 2) AS gigabytes, here.created_at
FROM keys AS here
ANTI JOIN (FROM keys WHERE cloud = $other) AS there ON there.compared = here.compared
WHERE here.cloud = $cloud AND here.compared IS NOT NULL
ORDER BY here.name, here.id
