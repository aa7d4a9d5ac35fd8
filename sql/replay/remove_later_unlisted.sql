-- remove_later_unlisted: of one cloud, take back what was first missed at that time or later.
DELETE FROM unlisted_images WHERE cloud = $cloud AND missed_from >= $since
