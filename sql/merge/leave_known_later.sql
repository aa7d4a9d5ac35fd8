-- leave_known_later: remove the images in known_later from this run's reading.
DELETE FROM incoming WHERE id IN (SELECT id FROM known_later)
