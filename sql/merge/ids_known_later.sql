-- ids_known_later: the images that a later run knows better.
-- One row per image.
SELECT id FROM known_later
