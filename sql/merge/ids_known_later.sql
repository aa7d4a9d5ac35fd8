-- ids_known_later: the images about which a later run knows more.
-- One row per image.
SELECT id FROM known_later
