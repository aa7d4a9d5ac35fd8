-- add_memberships: begin a membership for every image that a listing shows for the first time, or again.
INSERT INTO listing_memberships BY NAME
SELECT $cloud AS cloud, seen.id, seen.listing, $started_at AS seen_from
FROM incoming_memberships AS seen
ANTI JOIN (SELECT id, listing FROM listing_memberships WHERE cloud = $cloud AND seen_to IS NULL) AS known
    ON known.id = seen.id AND known.listing = seen.listing
