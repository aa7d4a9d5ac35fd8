-- remove_later_late_ends: of one cloud, remove the late ends of images that were first missed at $since or later.
DELETE FROM late_ends WHERE cloud = $cloud AND missed_from >= $since
