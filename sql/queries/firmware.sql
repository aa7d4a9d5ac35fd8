-- firmware: How many images boot with UEFI, how many with BIOS, and how many do not say which?
-- One row per cloud, boot mode, operating system family and architecture.
SELECT
    cloud,
    coalesce(hw_firmware_type, 'not said') AS firmware, -- hw_firmware_type, such as bios or uefi; `not said` if the image has none.
    os_type,
    coalesce(architecture, if(support_arm, 'arm', NULL), 'not said') AS architecture, -- architecture, or arm if support_arm is true; `not said` if the image says neither.
    count(*) AS images, -- Images in the group.
    max(updated_at) AS last_updated -- The latest updated_at of these images. UTC.
FROM images
GROUP BY ALL
ORDER BY cloud, images DESC, firmware, os_type, architecture
