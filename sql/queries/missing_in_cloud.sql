-- missing_in_cloud: Which images does one cloud have that another cloud lacks, compared by name, checksum or hash?
-- One row per image that the first cloud lists, sorted by name. By checksum or hash, images that have none are left out.
-- $cloud [a cloud]: the cloud that has them
-- $other [a cloud]: the cloud that may lack them
-- $by = name [name, checksum, hash]: what to compare
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

SELECT
    here.name,
    here.id,
    here.compared, -- What was compared: the name, the checksum, or the hash with its algorithm.
    here.system,
    here.visibility,
    here.owner,
    round(here.bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    here.created_at
FROM keys AS here
ANTI JOIN (FROM keys WHERE cloud = $other) AS there ON there.compared = here.compared
WHERE here.cloud = $cloud AND here.compared IS NOT NULL
ORDER BY here.name, here.id
