-- remove_later_memberships: remove one cloud's memberships that began at $since or later.
DELETE FROM listing_memberships WHERE cloud = $cloud AND seen_from >= $since
