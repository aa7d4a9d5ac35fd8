-- reopen_memberships: of one cloud, take back the ends of stays that came at that time or later.
UPDATE listing_memberships SET seen_to = NULL WHERE cloud = $cloud AND seen_to >= $since
