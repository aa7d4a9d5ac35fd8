-- incomplete_metadata: Which public images lack what SCS-0102 demands, or have values that the standard does not allow?
-- One row per listed public image that has a fault, sorted by name. `missing`: mandatory properties that it lacks. `wrong`:
-- properties with a value that is not allowed, and that value. The allowed values are those of OpenStack's list of useful image
-- properties, and of the standard's own tests where these allow more. Whether promises were kept is in broken_promises.
-- $version = 2 [1, 2]: the version of the standard; version 1 does not demand os_purpose, and does not know oldgeneric
WITH there AS (
    SELECT *, md5(concat_ws('|', os_distro, os_version, architecture)) AS kind, $version::INTEGER > 1 AS is_second
    FROM images
    WHERE visibility = 'public' AND state = 'listed' AND NOT coalesce(os_hidden, false)
),

-- A value that does not fit its column is not missing.
rejected AS (
    SELECT rejects.cloud, rejects.id, rejects.run_id, map_from_entries(list({key: rejects.attribute, value: rejects.value})) AS given
    FROM (SELECT DISTINCT cloud, id, run_id, attribute, value FROM rejects WHERE id IS NOT NULL) AS rejects
    GROUP BY rejects.cloud, rejects.id, rejects.run_id
),

properties AS (
    SELECT
        there.cloud,
        there.id,
        unnest([
            {name: 'architecture', value: there.architecture, is_needed: true, is_right: there.architecture IN (
                'x86_64', 'aarch64', 'risc-v', 'riscv64', 'alpha', 'armv7l', 'cris', 'i686', 'ia64', 'lm32', 'm68k', 'microblaze',
                'microblazeel', 'mips', 'mipsel', 'mips64', 'mips64el', 'openrisc', 'parisc', 'parisc64', 'ppc', 'ppc64', 'ppcemb',
                's390', 's390x', 'sh4', 'sh4eb', 'sparc', 'sparc64', 'unicore32', 'xtensa', 'xtensaeb'
            )},
            {name: 'min_disk', value: nullif(there.min_disk, 0)::VARCHAR, is_needed: true,
                is_right: there.min_disk > 0 AND there.min_disk * 1073741824::HUGEINT >= coalesce(there.bytes, 0)},
            {name: 'min_ram', value: nullif(there.min_ram, 0)::VARCHAR, is_needed: true, is_right: there.min_ram > 0},
            {name: 'os_version', value: there.os_version, is_needed: true, is_right: true},
            {name: 'os_distro', value: there.os_distro, is_needed: true, is_right: regexp_full_match(there.os_distro, '[a-z0-9][a-z0-9._-]*')
                AND there.os_distro NOT LIKE 'org.%' AND there.os_distro NOT LIKE 'com.%'
                AND there.os_distro NOT IN ('archlinux', 'mandrakelinux', 'mandrivalinux', 'mandrivaent', 'ms-dos', 'novell', 'suse',
                    'redhat', 'canonical', 'windoze')},
            {name: 'os_purpose', value: there.os_purpose, is_needed: there.is_second, is_right: there.os_purpose IN
                ('generic', 'minimal', 'k8snode', 'gpu', 'network', 'custom') OR (there.is_second AND there.os_purpose = 'oldgeneric')},
            {name: 'hw_disk_bus', value: there.hw_disk_bus, is_needed: true,
                is_right: there.hw_disk_bus IN ('scsi', 'virtio', 'uml', 'xen', 'ide', 'sata', 'usb', 'lxc')},
            {name: 'hypervisor_type', value: there.hypervisor_type, is_needed: false, is_right: there.hypervisor_type IN
                ('hyperv', 'ironic', 'lxc', 'qemu', 'uml', 'vmware', 'xen', 'kvm', 'hyper-v', 'esxi')},
            {name: 'replace_frequency', value: there.replace_frequency, is_needed: true, is_right: there.replace_frequency IN
                ('yearly', 'quarterly', 'monthly', 'weekly', 'daily', 'critical_bug', 'never')},
            {name: 'uuid_validity', value: there.uuid_validity, is_needed: true, is_right: there.uuid_validity IN ('none', 'notice', 'forever')
                OR regexp_full_match(there.uuid_validity, 'last-[0-9]+')
                OR (regexp_full_match(there.uuid_validity, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND try_cast(there.uuid_validity AS DATE) IS NOT NULL)},
            {name: 'provided_until', value: there.provided_until, is_needed: true, is_right: there.provided_until IN ('none', 'notice')
                OR (regexp_full_match(there.provided_until, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND try_cast(there.provided_until AS DATE) IS NOT NULL)},
            {name: 'hotfix_hours', value: there.hotfix_hours::VARCHAR, is_needed: false, is_right: there.hotfix_hours >= 0},
            {name: 'image_source', value: there.image_source, is_needed: true,
                is_right: there.image_source = 'private' OR regexp_matches(there.image_source, '^(https?|ftps?)://')},
            {name: 'image_description', value: there.image_description, is_needed: true, is_right: true},
            {name: 'image_build_date', value: there.image_build_date::VARCHAR, is_needed: true, is_right: true},
            {name: 'image_original_user', value: there.image_original_user, is_needed: true, is_right: true},
            {name: 'license_required', value: there.license_required::VARCHAR, is_needed: false,
                is_right: NOT (there.license_required AND coalesce(there.license_included, false))},
            {name: 'os_purpose', value: if(there.os_purpose = 'generic', 'generic, as another image of this system', NULL), is_needed: false,
                is_right: count(*) FILTER (WHERE there.os_purpose = 'generic') OVER (PARTITION BY there.cloud, there.kind) < 2}
        ]) AS property,
        rejected.given
    FROM there
    LEFT JOIN rejected ON rejected.cloud = there.cloud AND rejected.id = there.id AND rejected.run_id = there.run_from
),

faults AS (
    SELECT
        cloud,
        id,
        property.name AS name,
        coalesce(nullif(trim(property.value), ''), given[property.name]) AS value,
        property.is_needed AS is_needed,
        nullif(trim(property.value), '') IS NOT NULL AND coalesce(property.is_right, false) AS is_right
    FROM properties
)

SELECT
    there.cloud,
    there.name,
    there.id,
    there.owner,
    coalesce(list(faults.name ORDER BY faults.name) FILTER (WHERE faults.value IS NULL), []) AS missing, -- Mandatory properties that it lacks.
    coalesce(list(faults.name || ' = ' || faults.value ORDER BY faults.name) FILTER (WHERE faults.value IS NOT NULL), []) AS wrong -- Properties with a value that is not allowed, and that value.
FROM there
JOIN faults ON faults.cloud = there.cloud AND faults.id = there.id
WHERE NOT faults.is_right AND (faults.is_needed OR faults.value IS NOT NULL)
GROUP BY there.cloud, there.name, there.id, there.owner
ORDER BY there.cloud, there.name, there.id
