-- end_of_life_systems: Which images run an operating system that its maker no longer maintains?
-- One row per image, longest out of date first. The dates are those of https://endoflife.date in November 2026, in the table
-- end_of_life. A file of your own can add dates (end_of_life in the settings). unjudged_systems shows the systems that have no
-- date.
-- $on = today: the day to judge by
SELECT
    images.cloud,
    images.name,
    images.id,
    images.owner,
    images.listings,
    images.system,
    lifetimes.product, -- The product in end_of_life.
    lifetimes.cycle, -- The release cycle in end_of_life.
    lifetimes.ends AS ended_on, -- Last day of free maintenance; NULL: it has ended, on a day that is not known.
    lifetimes.extended_ends AS extended_until -- Last day of paid or extended maintenance; NULL: there is none, or it is not known.
FROM images
JOIN system_lifetimes AS lifetimes
    ON lifetimes.os_version = coalesce(images.os_version, '')
    AND lifetimes.platform = coalesce(nullif(images.platform, ''), images.os_distro, '')
WHERE lifetimes.has_ended OR lifetimes.ends < $on::DATE
ORDER BY ended_on, images.name, images.id
