-- remove_later_memberships: take back the stays in listings that began at that time or later.
DELETE FROM listing_memberships WHERE seen_from >= $since
