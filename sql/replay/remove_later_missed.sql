-- remove_later_missed: of one cloud, forget since when images are missed that were first missed at $since or later.
DELETE FROM missed_images WHERE cloud = $cloud AND missed_from >= $since
