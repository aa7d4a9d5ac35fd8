-- leave_known_later: this run has nothing to say of the images in known_later.
DELETE FROM incoming WHERE id IN (SELECT id FROM known_later)
