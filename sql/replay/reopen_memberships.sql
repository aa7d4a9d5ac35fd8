-- reopen_memberships: reopen one cloud's memberships that ended at $since or later.
UPDATE listing_memberships SET seen_to = NULL WHERE cloud = $cloud AND seen_to >= $since
