-- unjudged_systems: For how many images is the end of maintenance of their operating system unknown, and why?
-- One row per cloud and system, most images first. A file of your own can add dates: end_of_life in the settings.
SELECT
    images.cloud,
    images.system,
    images.os_type,
    count(*) AS images, -- Images with it.
    CASE
        WHEN images.system IS NULL THEN 'the image names no system'
        WHEN lifetimes.product IS NULL THEN 'the system or its release is not in end_of_life'
        ELSE 'end_of_life has no date for the release'
    END AS reason, -- Why it cannot be judged.
    arg_min(images.name, images.id) AS example, -- Name of one of them.
    min(images.id) AS example_id -- Its id.
FROM images
LEFT JOIN system_lifetimes AS lifetimes
    ON lifetimes.os_version = coalesce(images.os_version, '')
    AND lifetimes.platform = coalesce(nullif(images.platform, ''), images.os_distro, '')
WHERE lifetimes.ends IS NULL AND NOT coalesce(lifetimes.has_ended, false)
GROUP BY ALL
ORDER BY count(*) DESC, images.cloud, images.system, images.os_type
