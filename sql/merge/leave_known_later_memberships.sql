-- leave_known_later_memberships: remove their memberships too; open memberships stay, so that they are counted.
DELETE FROM incoming_memberships
WHERE id IN (SELECT id FROM known_later)
    AND NOT EXISTS (
        FROM listing_memberships AS membership
        WHERE membership.cloud = $cloud
            AND membership.id = incoming_memberships.id
            AND membership.listing = incoming_memberships.listing
            AND membership.seen_to IS NULL
    )
