-- remove_later_versions: remove one cloud's versions that began at $since or later.
DELETE FROM image_versions WHERE cloud = $cloud AND seen_from >= $since
