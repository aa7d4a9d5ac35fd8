-- estate_images: the images that are there now, each once per region, however many projects of an account see it.
-- One row per settings' name, region and image.
-- Case: public a; private b
-- SELECT id, projects, seen_by FROM estate_images
-- a, 1, {'c': 'public'}
-- b, 1, {'c': 'owned'}
CREATE OR REPLACE VIEW estate_images AS
SELECT
    settings_name, -- Name of the account in the settings: the same for all its projects and regions.
    region, -- The region; NULL: not known.
    id, -- The image's id.
    any_value(name) AS name, -- Its name.
    any_value(owner) AS owner, -- Id of the project that owns it.
    any_value(status) AS status, -- Its status.
    count(*) AS projects, -- How many of the account's projects see it.
    map_from_entries(list({'k': project, 'v': seen_as} ORDER BY project)) AS seen_by -- How each project sees it, by the project's name (of two of one name, by the cloud's): owned, accepted, pending, rejected, public, community, hidden or unlisted.
FROM (
    SELECT
        coalesce(clouds.settings_name, version.cloud) AS settings_name,
        clouds.region,
        version.id,
        version.name,
        version.owner,
        version.status,
        if(
            count(*) OVER (
                PARTITION BY coalesce(clouds.settings_name, version.cloud), clouds.region, version.id, clouds.project_name
            ) = 1,
            coalesce(clouds.project_name, clouds.project_id, version.cloud),
            version.cloud
        ) AS project,
        CASE
            WHEN version.owner = clouds.project_id THEN 'owned'
            WHEN list_contains(membership.listings, 'shared-accepted') THEN 'accepted'
            WHEN list_contains(membership.listings, 'shared-pending') THEN 'pending'
            WHEN list_contains(membership.listings, 'shared-rejected') THEN 'rejected'
            WHEN list_contains(membership.listings, 'private') THEN 'owned'
            ELSE coalesce(membership.listings[1], 'unlisted')
        END AS seen_as
    FROM image_versions AS version
    LEFT JOIN (
        SELECT cloud, id, list(listing ORDER BY listing) AS listings
        FROM listing_memberships
        WHERE seen_to IS NULL
        GROUP BY cloud, id
    ) AS membership ON membership.cloud = version.cloud AND membership.id = version.id
    LEFT JOIN clouds ON clouds.cloud = version.cloud
    WHERE version.seen_to IS NULL
)
GROUP BY settings_name, region, id
