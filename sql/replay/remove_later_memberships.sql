-- remove_later_memberships: of one cloud, take back the stays in listings that began at that time or later.
DELETE FROM listing_memberships WHERE cloud = $cloud AND seen_from >= $since
