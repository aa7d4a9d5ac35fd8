-- remove_later_versions: of one cloud, take back the versions that began at that time or later.
DELETE FROM image_versions WHERE cloud = $cloud AND seen_from >= $since
