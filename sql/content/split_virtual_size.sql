-- split_virtual_size: move sizes in GB out of the column of sizes in bytes.
-- One column had both. A size is in GB if the image had one in bytes beside it, or if an IMS cloud gave a number that is too
-- small for bytes.
UPDATE image_versions
SET virtual_size_gb = virtual_size, virtual_size = NULL
WHERE virtual_size IS NOT NULL
    AND (
        extra['virtual_size'] IS NOT NULL
        OR (virtual_size < 1048576 AND cloud IN (SELECT cloud FROM run_clouds WHERE dialect = 'ims'))
    )
