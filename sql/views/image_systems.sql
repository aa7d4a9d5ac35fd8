-- image_systems: the operating system that images name, in one spelling.
-- One row per os_version, platform and os_distro that any image ever had.
-- Case: public a __platform=Ubuntu __os_version=Ubuntu_20.04_server_64bit, b os_distro=ubuntu __os_version=20.04, c
-- SELECT os_distro, system FROM image_systems
-- , ubuntu 20.04
-- ubuntu, ubuntu 20.04
-- , NULL
CREATE OR REPLACE VIEW image_systems AS
WITH spellings AS (
    SELECT DISTINCT
        coalesce(os_version, '') AS os_version, coalesce(platform, '') AS platform, coalesce(os_distro, '') AS os_distro
    FROM image_versions
),

told AS (
    SELECT
        *,
        coalesce(nullif(platform, ''), os_distro) AS distribution,
        trim(if(contains(lower(os_version), lower(distribution)), os_version, distribution || ' ' || os_version)) AS told
    FROM spellings
),

plain AS (
    SELECT
        *,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    lower(translate(told, '_()/,;:', '       ')),
                    '(32|64)[ -]?bits?|x86[ -]?64|amd64|aarch64|arm64|i[36]86', ' ', 'g'
                ),
                '\b(gnu|linux|server|standard|datacenter|enterprise|edition|lts|release|version|english|desktop|cloud)\b', ' ', 'g'
            ),
            '([a-z])-? *([0-9])', '\1 \2'
        ) AS words
    FROM told
),

named AS (
    SELECT
        *,
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(words, '^ *(?:(?:red ?hat|rhel)\b *)+', 'rhel '),
                    '^ *(?:suse|sles)\b', 'sles'
                ),
                'centos +([0-9]+) +stream', 'centos stream \1'
            ),
            'ubuntu +([0-9]{2})(04|10)\b', 'ubuntu \1.\2'
        ) AS named
    FROM plain
)

SELECT
    os_version, -- The images' os_version; empty: none.
    platform, -- The images' platform; empty: none.
    os_distro, -- The images' os_distro; empty: none.
    distribution, -- platform, or else os_distro; empty: neither.
    told, -- All that they say, as one text; empty: nothing.
    nullif(
        trim(regexp_replace(regexp_replace(named, '([0-9])r2\b', '\1 r2'), '(\.0)+ *$|[ .-]+( |$)', ' ', 'g')), ''
    ) AS system -- The distribution with its release, in lower case and in one spelling; NULL: they say nothing.
FROM named
