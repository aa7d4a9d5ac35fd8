-- remove_later_unlisted: take back what was first missed at that time or later.
DELETE FROM unlisted_images WHERE missed_from >= $since
