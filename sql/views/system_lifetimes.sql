-- system_lifetimes: until when the makers maintain the operating systems of the current images.
-- One row per spelling of a system that end_of_life has. If the image does not say the release, the release that is maintained
-- longest counts.
-- Case: public a __os_version=CentOS7.9-64bit, b __os_version=Rocky-9.3, c __os_version=CoreOS-40, d os_distro=debian os_version=12
-- SELECT told, product, cycle, ends FROM system_lifetimes
-- CentOS7.9-64bit, centos, 7, 2024-06-30
-- Rocky-9.3, rocky-linux, 9, 2032-05-31
-- debian 12, debian, 12, 2026-07-11
CREATE OR REPLACE VIEW system_lifetimes AS
WITH systems AS (
    SELECT DISTINCT named.os_version, named.distribution AS platform, named.told AS system
    FROM image_systems AS named
    SEMI JOIN (SELECT os_version, platform, os_distro FROM image_versions WHERE seen_to IS NULL) AS version
        ON coalesce(version.os_version, '') = named.os_version
        AND coalesce(version.platform, '') = named.platform
        AND coalesce(version.os_distro, '') = named.os_distro
),

texts AS (
    SELECT
        os_version,
        platform,
        system,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        lower(translate(system, '_()/,;:', '       ')),
                        '(32|64)[ -]?bits?|x86[ _-]?64|x86|x64|amd64|aarch64|arm64|i[36]86', ' ', 'g'
                    ),
                    'centos[ -]*(?:linux)?[ -]*([0-9]+)[ -]*stream', 'centos stream \1'
                ),
                'ubuntu[ -]?([0-9]{2})(04|06|10)([^0-9.]|$)', 'ubuntu \1.\2\3'
            ),
            'win(?:dows)?[ -]*(?:(xp)|(vista))', 'windows \1\2'
        ) AS text
    FROM systems
),

releases AS (
    SELECT *
    FROM end_of_life
    QUALIFY row_number() OVER (PARTITION BY product, cycle ORDER BY source = 'settings' DESC) = 1
),

products AS (
    SELECT product, coalesce(any_value(spelling), replace(product, '-', '[ -]*')) AS spelling
    FROM releases
    GROUP BY product
),

found AS (
    SELECT
        texts.os_version,
        texts.platform,
        texts.system,
        texts.text,
        products.product,
        regexp_extract(
            texts.text,
            '(?:^|[^a-z0-9])(?:' || products.spelling || ')'
            || '(?:[ .-]*(?:linux|gnu|server|srv|enterprise|release|version|edition|standard|datacenter|desktop|essentials'
            || '|workstation|professional|education|pro|home|for|sap|hpc|lts|os|leap|ami|minimal|generic|cloud|lmde'
            || '))*[ .-]*v?([0-9]+(?:\.[0-9]+)*(?:h[12])?(?:[ .-]*r2)?(?:[ .-]*(?:sp|service[ -]*pack)[ .-]*[0-9]+)?|xp|vista)',
            1
        ) AS release,
        regexp_extract(
            release,
            '^([0-9.]+(?:h[12])?|xp|vista)(?:[ .-]*(r2))?(?:[ .-]*(?:sp|service[ -]*pack)[ .-]*([0-9]+))?$',
            ['version', 'r2', 'pack']
        ) AS told,
        regexp_matches(texts.text, '(?:^|[^a-z0-9])(?:' || products.spelling || ')([^a-z]|$)') AS is_named
    FROM texts
    JOIN products ON true
),

keyed AS (
    SELECT
        * EXCLUDE (told),
        CASE
            WHEN product = 'cos' THEN 'cos-' || nullif(told.version, '')
            WHEN product = 'linuxmint' AND contains(text, 'lmde') THEN 'lmde' || nullif(told.version, '')
            WHEN told.version = 'xp' THEN '5'
            WHEN told.version = 'vista' THEN '6'
            WHEN product = 'sles' THEN nullif(told.version, '') || if(told.pack = '', '', '.' || told.pack)
            WHEN product = 'windows-server'
                THEN nullif(told.version, '') || if(told.r2 = '', '', '-r2') || if(told.pack = '', '', '-sp' || told.pack)
            ELSE nullif(told.version, '')
        END AS version,
        if(
            product = 'windows',
            CASE
                WHEN regexp_matches(text, 'lts[bc]? *-?2015') THEN '1507'
                WHEN regexp_matches(text, 'lts[bc]? *-?2016') THEN '1607'
                WHEN regexp_matches(text, 'lts[bc]? *-?2019') THEN '1809'
                WHEN regexp_matches(text, 'lts[bc]? *-?2021') THEN '21h2'
                WHEN regexp_matches(text, 'lts[bc]? *-?2024') THEN '24h2'
                ELSE nullif(regexp_extract(text, '(?:^|[^0-9a-z])([0-9]{2}h[12]|1[5-9](?:03|07|09|11)|2004)(?:[^0-9a-z]|$)', 1), '')
            END,
            NULL
        ) AS build
    FROM found
    WHERE is_named OR told.version <> ''
),

fitting AS (
    SELECT
        keyed.os_version,
        keyed.platform,
        keyed.system,
        releases.*,
        CASE
            WHEN keyed.version = releases.cycle OR starts_with(keyed.version, releases.cycle || '.') THEN length(releases.cycle)
            WHEN starts_with(keyed.version, releases.cycle || '-') THEN length(releases.cycle)
            ELSE 0
        END AS nearness
    FROM keyed
    JOIN releases
        ON releases.product = keyed.product
        AND (
            keyed.version = releases.cycle
            OR starts_with(keyed.version, releases.cycle || '.')
            OR (keyed.product IN ('windows', 'windows-server') AND starts_with(keyed.version, releases.cycle || '-'))
            OR starts_with(releases.cycle, keyed.version || '.')
            OR (keyed.product IN ('windows', 'windows-server') AND starts_with(releases.cycle, keyed.version || '-'))
            OR (
                keyed.version IS NULL
                AND releases.codename IS NOT NULL
                AND regexp_matches(
                    keyed.text, '(?:^|[^a-z])' || split_part(lower(releases.codename), ' ', 1) || '(?:[^a-z]|$)'
                )
            )
        )
    WHERE keyed.product <> 'windows'
        OR (
            (keyed.build IS NULL OR contains(releases.cycle, '-' || keyed.build))
            AND regexp_matches(keyed.text, 'lts') = contains(releases.cycle, '-lts')
            AND (contains(keyed.text, 'iot') OR NOT contains(releases.cycle, '-iot'))
            AND NOT (regexp_matches(keyed.text, '[^a-z](pro|home|professional|w)([^a-z]|$)') AND releases.cycle LIKE '%-e')
        )
)

SELECT
    os_version, -- The images' os_version; empty: none.
    platform, -- The images' platform, or else their os_distro; empty: neither.
    system AS told, -- All that the images say of their system, as one text.
    product, -- The product in end_of_life.
    cycle, -- The release cycle in end_of_life.
    ends, -- Last day of free maintenance; NULL: not known. UTC.
    extended_ends, -- Last day of paid or extended maintenance; NULL: there is none, or it is not known. UTC.
    has_ended -- Whether free maintenance has ended, on a day that is not known.
FROM fitting
QUALIFY row_number() OVER (
    PARTITION BY os_version, platform
    ORDER BY nearness DESC, has_ended, ends DESC NULLS FIRST, extended_ends DESC NULLS LAST, cycle
) = 1
