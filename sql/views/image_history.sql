-- image_history: every content that an image was seen to have, numbered, as a slowly changing dimension (type 2).
-- One row per cloud, image and version, with the columns of image_versions. Times are UTC. To join a fact to the image as it
-- was then: ON history.id = fact.image_id AND fact.at >= history.valid_from AND (history.valid_to IS NULL OR fact.at <
-- history.valid_to).
-- Case: public a min_disk=1 | public a min_disk=2 | public -
-- SELECT id, version_number, min_disk, valid_from, valid_to, is_current, end_reason FROM image_history
-- a, 1, 1, 2026-11-02 02:00:00, 2026-11-03 02:00:00, False, changed
-- a, 2, 2, 2026-11-03 02:00:00, 2026-11-04 02:00:00, False, deleted
CREATE OR REPLACE VIEW image_history AS
SELECT
    version.* EXCLUDE (seen_from, seen_to),
    version.seen_from AS valid_from, -- Start of the run that first saw this version. UTC.
    version.seen_to AS valid_to, -- Start of the first run that no longer saw it; NULL: it is current. UTC.
    version.seen_to IS NULL AS is_current, -- Whether it is the image's version now.
    row_number() OVER (PARTITION BY version.cloud, version.id ORDER BY version.seen_from) AS version_number -- Number of the version among the versions of the image, from 1.
FROM image_versions AS version
