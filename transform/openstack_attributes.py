"""The part of the dictionary with attributes that OpenStack's services and the Sovereign Cloud Stack set.

Source: Glance's "Useful image properties" and schema-image.json, Nova's and Cinder's own properties, SCS-0102 versions
1.1 and 2 (image metadata). Attributes of open families (`trait:*`, `hw_numa_cpus.N`) stay in `extra`.
"""

from typing import Final

from transform.attribute import DAY, FLAG, INTEGER, TEXT, Attribute

# One line an attribute, however long: the table is read down its columns.
# ruff: noqa: E501
# fmt: off
OPENSTACK_ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    # The system in it, and who makes it
    Attribute("os_distro", TEXT, None, "Operating system distribution in lower case, such as ubuntu, debian, rhel or windows", "Glance"),
    Attribute("os_purpose", TEXT, None, "Purpose: generic, oldgeneric (replaced), minimal, k8snode, gpu, network or custom", "SCS-0102"),
    Attribute("os_admin_user", TEXT, None, "User with administrator rights in the system", "Glance"),
    Attribute("image_original_user", TEXT, None, "User to log in as on a server made from the image; none: no such user", "SCS-0102"),
    Attribute("image_build_date", DAY, "UTC", "When the image was built; it has all patches that were public then", "SCS-0102"),
    Attribute("patchlevel", TEXT, None, "Patches that are in the image, in the system's own terms", "SCS-0102"),
    Attribute("image_source", TEXT, None, "URL where the image can be downloaded, or private", "SCS-0102"),
    Attribute("image_description", TEXT, None, "URL of release notes, or a text about the image", "SCS-0102"),
    # What its provider promises
    Attribute("replace_frequency", TEXT, None, "How often, at least, the image of this name is replaced: daily to yearly, critical_bug or never", "SCS-0102"),
    Attribute("uuid_validity", TEXT, None, "How long the image can be used by its id: until a day, last-N (replacements), notice, forever, none", "SCS-0102"),
    Attribute("provided_until", TEXT, None, "Day (UTC) until which an image of this name is provided and replaced; or notice or none", "SCS-0102"),
    Attribute("hotfix_hours", INTEGER, "h", "Time within which a new image fixes a critical security hole; 0: as soon as possible", "SCS-0102"),
    Attribute("maintained_until", DAY, "UTC", "Day until which the maker of the system maintains it, at least", "SCS-0102"),
    Attribute("license_included", FLAG, None, "Whether the price of a server includes the licences that the image needs", "SCS-0102"),
    Attribute("license_required", FLAG, None, "Whether users must have their own licence", "SCS-0102"),
    Attribute("subscription_included", FLAG, None, "Whether the image comes with a maintenance subscription", "SCS-0102"),
    Attribute("subscription_required", FLAG, None, "Whether users need their own subscription to get fixes", "SCS-0102"),
    Attribute("l1_support_contact", TEXT, None, "URI of the support that is included in the price", "SCS-0102"),
    # Where it came from: snapshots and copies
    Attribute("instance_uuid", TEXT, None, "Server that the image is a snapshot of", "Glance"),
    Attribute("base_image_ref", TEXT, None, "Image that the server of the snapshot was made from", "OpenStack"),
    Attribute("image_type", TEXT, None, "Kind of image on plain Glance: snapshot or backup; others are ordinary images", "OpenStack"),
    Attribute("image_state", TEXT, None, "State of a snapshot when Nova made it, such as available", "OpenStack"),
    Attribute("user_id", TEXT, None, "User who made the snapshot", "OpenStack"),
    Attribute("owner_id", TEXT, None, "Project of the server that the snapshot was made from", "OpenStack"),
    Attribute("owner_project_name", TEXT, None, "Name of the project in owner_id", "OpenStack"),
    Attribute("owner_user_name", TEXT, None, "Name of the user who made the snapshot", "OpenStack"),
    Attribute("block_device_mapping", TEXT, None, "Disks of the server of the snapshot, as JSON text", "OpenStack"),
    Attribute("bdm_v2", FLAG, None, "Whether block_device_mapping is in the second format", "OpenStack"),
    Attribute("root_device_name", TEXT, None, "Device name of the server's system disk, such as /dev/vda", "OpenStack"),
    Attribute("boot_roles", TEXT, None, "Roles that the user had when the server was made, separated by commas", "OpenStack"),
    Attribute("owner_specified.openstack.object", TEXT, None, "Name under which OpenStack's SDK uploaded the image", "OpenStack"),
    Attribute("owner_specified.openstack.md5", TEXT, None, "MD5 of the file that OpenStack's SDK uploaded", "OpenStack"),
    Attribute("owner_specified.openstack.sha256", TEXT, None, "SHA-256 of the file that OpenStack's SDK uploaded", "OpenStack"),
    Attribute("os_glance_importing_to_stores", TEXT, None, "Stores that the image is being imported to, separated by commas", "Glance"),
    Attribute("os_glance_failed_import", TEXT, None, "Stores that the import failed for, separated by commas", "Glance"),
    # Signed and encrypted
    Attribute("img_signature", TEXT, None, "Signature of the image file, in base64", "Glance"),
    Attribute("img_signature_hash_method", TEXT, None, "Hash of the signature, such as SHA-256", "Glance"),
    Attribute("img_signature_key_type", TEXT, None, "Key type of the signature, such as RSA-PSS", "Glance"),
    Attribute("img_signature_certificate_uuid", TEXT, None, "Certificate of the signature, in the key manager", "Glance"),
    Attribute("signature_verified", FLAG, None, "Whether Cinder verified the signature when it made the volume", "OpenStack"),
    Attribute("os_encrypt_format", TEXT, None, "Format in which the image file is encrypted, such as LUKS", "Glance"),
    Attribute("os_encrypt_key_id", TEXT, None, "Key that the image file is encrypted with, in the key manager", "Glance"),
    Attribute("cinder_encryption_key_id", TEXT, None, "Key of the encrypted volume that the image was made from", "Glance"),
    Attribute("cinder_encryption_key_deletion_policy", TEXT, None, "When that key is deleted: on_image_deletion or do_not_delete", "Glance"),
    Attribute("cinder_img_volume_type", TEXT, None, "Volume type for volumes made from the image", "OpenStack"),
    # How a server runs it
    Attribute("hypervisor_type", TEXT, None, "Hypervisor that the image needs: qemu (also for KVM), hyperv, ironic, lxc, uml, vmware or xen", "Glance"),
    Attribute("vm_mode", TEXT, None, "Interface between host and guest: hvm, xen, uml or exe", "Glance"),
    Attribute("kernel_id", TEXT, None, "Image of the kernel, for images of the AMI kind", "Glance"),
    Attribute("ramdisk_id", TEXT, None, "Image of the RAM disk, for images of the AMI kind", "Glance"),
    Attribute("os_command_line", TEXT, None, "Command line of the kernel", "Glance"),
    Attribute("os_require_quiesce", FLAG, None, "Whether file systems must be quiesced for a snapshot", "OpenStack"),
    Attribute("os_secure_boot", TEXT, None, "Secure boot: required, optional or disabled", "Glance"),
    Attribute("img_config_drive", TEXT, None, "Whether the image needs a config drive: mandatory or optional", "Glance"),
    Attribute("img_hide_hypervisor_id", FLAG, None, "Whether the hypervisor hides its signature from the guest", "Glance"),
    Attribute("hw_machine_type", TEXT, None, "Machine type, such as q35 or virt", "Glance"),
    Attribute("hw_firmware_stateless", FLAG, None, "Whether the UEFI firmware keeps no variables", "OpenStack"),
    Attribute("hw_boot_menu", FLAG, None, "Whether the firmware shows a boot menu", "Glance"),
    Attribute("hw_cpu_cores", INTEGER, None, "Preferred number of cores per socket", "Glance"),
    Attribute("hw_cpu_sockets", INTEGER, None, "Preferred number of sockets", "Glance"),
    Attribute("hw_cpu_threads", INTEGER, None, "Preferred number of threads per core", "Glance"),
    Attribute("hw_cpu_max_cores", INTEGER, None, "Largest number of cores per socket that the guest supports", "OpenStack"),
    Attribute("hw_cpu_max_sockets", INTEGER, None, "Largest number of sockets that the guest supports", "OpenStack"),
    Attribute("hw_cpu_max_threads", INTEGER, None, "Largest number of threads per core that the guest supports", "OpenStack"),
    Attribute("hw_cpu_policy", TEXT, None, "Whether processors are pinned: shared, dedicated or mixed", "Glance"),
    Attribute("hw_cpu_thread_policy", TEXT, None, "Use of a core's threads if processors are pinned: prefer, isolate or require", "Glance"),
    Attribute("hw_numa_nodes", INTEGER, None, "NUMA nodes that the guest sees", "OpenStack"),
    Attribute("hw_mem_page_size", TEXT, None, "Page size of the guest's memory: small, large, any, or a size", "OpenStack"),
    Attribute("hw_mem_encryption", FLAG, None, "Whether the guest's memory is encrypted by the hardware", "Glance"),
    Attribute("hw_pmu", FLAG, None, "Whether the guest has a performance monitoring unit", "Glance"),
    Attribute("hw_time_hpet", FLAG, None, "Whether the guest has a high precision event timer", "Glance"),
    Attribute("hw_rng_model", TEXT, None, "Random number device: virtio", "Glance"),
    Attribute("hw_watchdog_action", TEXT, None, "What a watchdog does to a guest that hangs: disabled, reset, poweroff, pause or none", "Glance"),
    Attribute("hw_qemu_guest_agent", FLAG, None, "Whether the QEMU guest agent is in the image", "OpenStack"),
    Attribute("hw_tpm_model", TEXT, None, "Trusted platform module: tpm-tis, tpm-crb or tpm-spapr", "OpenStack"),
    Attribute("hw_tpm_version", TEXT, None, "Version of the trusted platform module: 1.2 or 2.0", "OpenStack"),
    Attribute("hw_viommu_model", TEXT, None, "Virtual IOMMU: virtio, smmuv3, intel or auto", "OpenStack"),
    # Its devices
    Attribute("hw_disk_bus", TEXT, None, "Bus of the disks: scsi, virtio, uml, xen, ide, sata, usb or lxc", "Glance"),
    Attribute("hw_scsi_model", TEXT, None, "SCSI controller, such as virtio-scsi", "Glance"),
    Attribute("hw_cdrom_bus", TEXT, None, "Bus of CD drives", "Glance"),
    Attribute("hw_rescue_bus", TEXT, None, "Bus of the disk that rescues a server", "OpenStack"),
    Attribute("hw_rescue_device", TEXT, None, "Device that rescues a server: disk, cdrom or floppy", "OpenStack"),
    Attribute("hw_vif_model", TEXT, None, "Network card, such as virtio, e1000 or rtl8139", "Glance"),
    Attribute("hw_video_model", TEXT, None, "Graphics card, such as virtio, vga, qxl or none", "Glance"),
    Attribute("hw_video_ram", INTEGER, "MB", "Largest memory of the graphics card", "Glance"),
    Attribute("hw_sound_model", TEXT, None, "Sound card, such as ich9 or ac97", "OpenStack"),
    Attribute("hw_input_bus", TEXT, None, "Bus of keyboard and pointer: usb or virtio", "OpenStack"),
    Attribute("hw_pointer_model", TEXT, None, "Pointer device: usbtablet", "Glance"),
    Attribute("hw_serial_port_count", INTEGER, None, "Serial ports of the guest", "Glance"),
    Attribute("vmware_adaptertype", TEXT, None, "Disk controller on VMware, such as lsiLogic or paraVirtual", "Glance"),
    Attribute("vmware_disktype", TEXT, None, "Disk type on VMware, such as sparse or streamOptimized", "OpenStack"),
    Attribute("vmware_ostype", TEXT, None, "Operating system in VMware's terms", "Glance"),
)
# fmt: on
