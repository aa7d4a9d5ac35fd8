-- remove_later_unlisted: of one cloud, remove the images that were first missed at $since or later.
DELETE FROM unlisted_images WHERE cloud = $cloud AND missed_from >= $since
