-- split_virtual_size: sizes in GB leave the column of those in bytes.
-- One column had both. A size is in GB where the image had one in bytes beside it, or where an IMS cloud says a number
-- that is too small for bytes.
UPDATE image_versions
SET virtual_size_gb = virtual_size, virtual_size = NULL
WHERE virtual_size IS NOT NULL
    AND (
        extra['virtual_size'] IS NOT NULL
        OR (virtual_size < 1048576 AND cloud IN (SELECT cloud FROM run_clouds WHERE dialect = 'ims'))
    )
