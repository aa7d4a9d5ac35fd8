-- firmware: How many images boot with UEFI, how many with BIOS, and how many do not say which?
-- One row per cloud, boot mode, operating system family and architecture.
SELECT
    cloud,
    coalesce(hw_firmware_type, 'not said') AS firmware,
    os_type,
    coalesce(architecture, if(support_arm, 'arm', NULL), 'not said') AS architecture,
    count(*) AS images,
    max(updated_at) AS last_updated
FROM images
GROUP BY ALL
ORDER BY cloud, images DESC, firmware, os_type, architecture
