-- remember_copy: keep the fingerprint of the copy that was published just now at $place. Run it after forget_copy.
INSERT INTO published_copies (place, fingerprint) VALUES ($place, $fingerprint)
