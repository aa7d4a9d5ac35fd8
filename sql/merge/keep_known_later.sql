-- keep_known_later: a listing that this run read before an image came into it does not end the image's stay there.
DELETE FROM ended_memberships WHERE id IN (SELECT id FROM known_later)
