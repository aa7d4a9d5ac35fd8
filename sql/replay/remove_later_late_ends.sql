-- remove_later_late_ends: take back since when ended images had been missed, where that was at that time or later.
DELETE FROM late_ends WHERE cloud = $cloud AND missed_from >= $since
