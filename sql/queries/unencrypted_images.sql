-- unencrypted_images: Which images that are not public are not encrypted, as far as the catalogue shows?
-- One row per image, largest first. An image counts as encrypted if it has a key (system__cmkid, os_encrypt_key_id,
-- cinder_encryption_key_id), if admin_encrypted is true, or if its disk format is LUKS. The catalogue does not show what the
-- storage encrypts by itself.
-- $owner = %: the project, % stands for any text
SELECT
    cloud,
    name,
    id,
    owner,
    visibility,
    listings,
    round(bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    created_at
FROM images
WHERE visibility IS DISTINCT FROM 'public'
    AND coalesce(owner, '') LIKE $owner
    AND coalesce(system__cmkid, os_encrypt_key_id, cinder_encryption_key_id, '') = ''
    AND NOT coalesce(admin_encrypted, false)
    AND coalesce(lower(disk_format), '') <> 'luks'
ORDER BY bytes DESC NULLS LAST, cloud, name, id
