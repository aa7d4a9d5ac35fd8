-- misfits: the values of a cloud's images that did not fit their column, and that are shown as they were received.
-- One row per version of an image and attribute.
SELECT version.rowid AS version, rejects.attribute, rejects.value
FROM copy.rejects
JOIN copy.image_versions AS version
    ON version.cloud = rejects.cloud AND version.id = rejects.id AND version.run_from = rejects.run_id
WHERE rejects.cloud = $cloud AND rejects.attribute IS NOT NULL
ORDER BY ALL
