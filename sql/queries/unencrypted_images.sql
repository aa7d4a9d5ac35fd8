-- unencrypted_images: Which images that are not public are not encrypted, as far as the catalogue says?
-- One row per image, the largest first. An image counts as encrypted by a key (system__cmkid, os_encrypt_key_id,
-- cinder_encryption_key_id), by admin_encrypted, or where its disk is in LUKS format. What the storage encrypts by itself is not shown.
-- $owner = %: the project, with % for any text
SELECT cloud, name, id, owner, visibility, listings, round(bytes / 1e9, 2) AS gigabytes, created_at
FROM images
WHERE visibility IS DISTINCT FROM 'public'
    AND coalesce(owner, '') LIKE $owner
    AND coalesce(system__cmkid, os_encrypt_key_id, cinder_encryption_key_id, '') = ''
    AND NOT coalesce(admin_encrypted, false)
    AND coalesce(lower(disk_format), '') <> 'luks'
ORDER BY bytes DESC NULLS LAST, cloud, name, id
