-- end_of_life_systems: Which images run an operating system that its maker no longer maintains?
-- One row per image, the longest out of date first.
-- Ends of free maintenance (for Debian, of LTS) as the makers publish them, of November 2026; add yours.
-- $on = today: the day to judge by
WITH ends (pattern, ended_on) AS (
    VALUES
        ('centos( linux)?( release)? 5', DATE '2017-03-31'),
        ('centos( linux)?( release)? 6', DATE '2020-11-30'),
        ('centos( linux)?( release)? 7', DATE '2024-06-30'),
        ('centos( linux)?( release)? 8', DATE '2021-12-31'),
        ('centos stream( release)? 8', DATE '2024-05-31'),
        ('centos stream( release)? 9', DATE '2027-05-31'),
        ('(red ?hat|rhel).* 6', DATE '2020-11-30'),
        ('(red ?hat|rhel).* 7', DATE '2024-06-30'),
        ('oracle( linux)?( server)?( release)? 6', DATE '2021-03-31'),
        ('oracle( linux)?( server)?( release)? 7', DATE '2024-12-31'),
        ('ubuntu 12\.04', DATE '2017-04-28'),
        ('ubuntu 14\.04', DATE '2019-04-25'),
        ('ubuntu 16\.04', DATE '2021-04-30'),
        ('ubuntu 18\.04', DATE '2023-05-31'),
        ('ubuntu 20\.04', DATE '2025-05-31'),
        ('ubuntu 22\.04', DATE '2027-04-30'),
        ('debian( gnu/linux)? 8', DATE '2020-06-30'),
        ('debian( gnu/linux)? 9', DATE '2022-06-30'),
        ('debian( gnu/linux)? 10', DATE '2024-06-30'),
        ('debian( gnu/linux)? 11', DATE '2026-08-31'),
        ('suse.* 11', DATE '2019-03-31'),
        ('suse.* 12', DATE '2024-10-31'),
        ('coreos', DATE '2020-05-26'),
        ('windows server 2003', DATE '2015-07-14'),
        ('windows server 2008', DATE '2020-01-14'),
        ('windows server 2012', DATE '2023-10-10'),
        ('windows server 2016', DATE '2027-01-12'),
        ('windows 7', DATE '2020-01-14'),
        ('windows 10', DATE '2025-10-14')
),

systems AS (
    SELECT cloud, id, name, owner, listings, coalesce(os_version, platform) AS system FROM images
)

SELECT
    systems.cloud,
    systems.name,
    systems.id,
    systems.owner,
    systems.listings,
    systems.system,
    max(ends.ended_on) AS ended_on
FROM systems
JOIN ends ON regexp_matches(lower(systems.system), '(^|[^a-z])' || ends.pattern || '([^0-9]|$)')
GROUP BY ALL
HAVING max(ends.ended_on) < $on::DATE
ORDER BY ended_on, systems.name, systems.id
