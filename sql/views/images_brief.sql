-- images_brief: the catalogue as it is now, in the dozen columns that people ask for first.
-- One row per cloud and image. Times are UTC. All columns are in the view images.
-- Case: public a os_distro=debian __os_version=12 size=7 visibility=public
-- SELECT id, system, visibility, listings, bytes FROM images_brief
-- a, debian 12, public, ['public'], 7
CREATE OR REPLACE VIEW images_brief AS
SELECT
    cloud,
    name,
    id,
    system, -- Operating system: distribution and release, in lower case and in one spelling; NULL: the image does not say.
    architecture,
    owner,
    visibility,
    listings, -- The listings that show the image now, sorted.
    status,
    bytes, -- Size of the image file. Unit: bytes.
    created_at,
    successor -- The image that now stands for a name that this one had; NULL: none.
FROM images
