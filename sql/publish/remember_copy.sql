-- remember_copy: the fingerprint of the copy that is published now at $place. After forget_copy.
INSERT INTO published_copies (place, fingerprint) VALUES ($place, $fingerprint)
