-- reopen_memberships: take back the ends of stays that came at that time or later.
UPDATE listing_memberships SET seen_to = NULL WHERE seen_to >= $since
