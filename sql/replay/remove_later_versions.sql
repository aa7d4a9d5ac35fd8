-- remove_later_versions: take back the versions that began at that time or later.
DELETE FROM image_versions WHERE seen_from >= $since
