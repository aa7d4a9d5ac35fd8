-- keep_known_later: keep the memberships of images that came into a listing after this run had read it.
DELETE FROM ended_memberships WHERE id IN (SELECT id FROM known_later)
