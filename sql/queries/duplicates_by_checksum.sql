-- duplicates_by_checksum: Which images have the same file, and how much would it save to keep one copy of each?
-- One row per file, largest saving first. Huawei IMS gives no checksums: use duplicates_by_name there.
-- The hash of an empty file is ignored: services give it to images whose file they have not hashed.
WITH files AS (
    SELECT
        cloud,
        id,
        name,
        created_at,
        bytes,
        nullif(lower(trim(checksum)), '') AS md5,
        lower(coalesce(os_hash_algo, '')) AS algorithm,
        nullif(lower(trim(os_hash_value)), '') AS hash
    FROM images
    WHERE coalesce(checksum, os_hash_value) IS NOT NULL
),

hashed AS (
    SELECT
        cloud,
        id,
        name,
        created_at,
        bytes,
        if(md5 IS NOT NULL AND md5 <> md5(''), 'md5', algorithm) AS algorithm,
        if(md5 IS NOT NULL AND md5 <> md5(''), md5, hash) AS hash
    FROM files
)

SELECT
    cloud,
    hash, -- The checksum or hash of the file.
    count(*) AS copies, -- Images with this file.
    round(max(bytes) / 1e9, 2) AS gigabytes_each, -- Size of one of them. Unit: 10^9 bytes.
    round((count(*) - 1) * max(bytes) / 1e9, 2) AS gigabytes_saved, -- Size of all but one of them. Unit: 10^9 bytes.
    list(name ORDER BY created_at, id) AS names, -- Their names, oldest image first.
    list(id ORDER BY created_at, id) AS ids -- Their ids, in the same order.
FROM hashed
WHERE hash IS NOT NULL
    AND hash <> md5('')
    AND hash <> sha1('')
    AND hash <> sha256('')
    -- SHA-224
    AND NOT starts_with(hash, 'd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f')
    -- SHA-384
    AND NOT starts_with(hash, '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da')
    -- SHA-512
    AND NOT starts_with(hash, 'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce')
GROUP BY cloud, algorithm, hash
HAVING count(*) > 1
ORDER BY gigabytes_saved DESC NULLS LAST, hash
