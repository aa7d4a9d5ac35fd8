-- image_texts: every version of every image with its attributes as text, in two lists: what image_changes compares.
-- One row per version in image_versions. Times are UTC. Links and `extra` are not among the attributes.
-- Case: public a min_disk=10
-- SELECT id, list_extract(texts, list_position(columns, 'min_disk')) FROM image_texts
-- a, 10
CREATE OR REPLACE VIEW image_texts AS
SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    name, -- The image's name.
    extra, -- Attributes that no column holds.
    content_hash, -- Hash of the content: two versions differ if and only if it does.
    seen_from, -- Start of the run that first saw this version. UTC.
    seen_to, -- Start of the first run that no longer saw it; NULL: it is current. UTC.
    run_from, -- The run that first saw this version.
    run_to, -- The first run that no longer saw it; NULL: it is current.
    end_reason, -- Why it ended; NULL: it is current.
    [
        'name', 'status', 'visibility', 'owner', 'imagetype', 'image_displayname', 'description', 'tags', 'os_type',
        'platform', 'os_version', 'os_bit', 'architecture', 'image_login_user', 'created_at', 'updated_at',
        'active_at', 'min_disk', 'min_ram', 'max_ram', 'image_size', 'size', 'virtual_size', 'virtual_size_gb',
        'disk_format', 'container_format', 'virtual_env_type', 'protected', 'os_hidden', 'isregistered',
        'is_config_init', 'lazyloading', 'quick_start', 'whole_image', 'data_origin', 'root_origin',
        'originalimagename', 'source_image_id', 'source_owner', 'backup_id', 'image_source_type', 'image_location',
        'stores', 'locations', 'direct_url', 'checksum', 'os_hash_algo', 'os_hash_value', 'system__cmkid',
        'admin_encrypted', 'hw_firmware_type', 'hw_vif_multiqueue_enabled', 'sequence_num', 'os_shutdown_timeout',
        'os_feature_list', 'enterprise_project_id', 'sys_enterprise_project_id', 'account_code', 'productcode',
        'is_offshelved', 'system_support_market', 'system_support_export', 'support_kvm', 'support_xen',
        'support_arm', 'support_amd', 'support_largememory', 'support_diskintensive', 'support_highperformance',
        'support_kvm_gpu_type', 'support_xen_gpu_type', 'support_kvm_fpga_type', 'support_kvm_ascend_310',
        'support_kvm_infiniband', 'support_xen_hana', 'support_kvm_nvme_spdk', 'support_kvm_hi1822_hiovs',
        'support_kvm_hi1822_hisriov', 'support_kvm_hi1822_hivirtionet', 'support_p3l', 'support_live_resize',
        'support_fc_inject', 'support_agent_list', 'os_distro', 'os_purpose', 'os_admin_user',
        'image_original_user', 'image_build_date', 'patchlevel', 'image_source', 'image_description',
        'replace_frequency', 'uuid_validity', 'provided_until', 'hotfix_hours', 'maintained_until',
        'license_included', 'license_required', 'subscription_included', 'subscription_required',
        'l1_support_contact', 'instance_uuid', 'base_image_ref', 'image_type', 'image_state', 'user_id', 'owner_id',
        'owner_project_name', 'owner_user_name', 'block_device_mapping', 'bdm_v2', 'root_device_name', 'boot_roles',
        'owner_specified_openstack_object', 'owner_specified_openstack_md5', 'owner_specified_openstack_sha256',
        'os_glance_importing_to_stores', 'os_glance_failed_import', 'img_signature', 'img_signature_hash_method',
        'img_signature_key_type', 'img_signature_certificate_uuid', 'signature_verified', 'os_encrypt_format',
        'os_encrypt_key_id', 'cinder_encryption_key_id', 'cinder_encryption_key_deletion_policy',
        'cinder_img_volume_type', 'hypervisor_type', 'vm_mode', 'kernel_id', 'ramdisk_id', 'os_command_line',
        'os_require_quiesce', 'os_secure_boot', 'img_config_drive', 'img_hide_hypervisor_id', 'hw_machine_type',
        'hw_firmware_stateless', 'hw_boot_menu', 'hw_cpu_cores', 'hw_cpu_sockets', 'hw_cpu_threads',
        'hw_cpu_max_cores', 'hw_cpu_max_sockets', 'hw_cpu_max_threads', 'hw_cpu_policy', 'hw_cpu_thread_policy',
        'hw_numa_nodes', 'hw_mem_page_size', 'hw_mem_encryption', 'hw_pmu', 'hw_time_hpet', 'hw_rng_model',
        'hw_watchdog_action', 'hw_qemu_guest_agent', 'hw_tpm_model', 'hw_tpm_version', 'hw_viommu_model',
        'hw_disk_bus', 'hw_scsi_model', 'hw_cdrom_bus', 'hw_rescue_bus', 'hw_rescue_device', 'hw_vif_model',
        'hw_video_model', 'hw_video_ram', 'hw_sound_model', 'hw_input_bus', 'hw_pointer_model',
        'hw_serial_port_count', 'vmware_adaptertype', 'vmware_disktype', 'vmware_ostype'
    ] AS columns, -- The columns of `images` that are attributes of the API.
    -- A list, because JSON of the row takes ten times as long. Column by column, because DuckDB 1.2 reads no *COLUMNS in a view.
    [
        name::VARCHAR, status::VARCHAR, visibility::VARCHAR, owner::VARCHAR, imagetype::VARCHAR,
        image_displayname::VARCHAR, description::VARCHAR, to_json(tags)::VARCHAR, os_type::VARCHAR,
        platform::VARCHAR, os_version::VARCHAR, os_bit::VARCHAR, architecture::VARCHAR, image_login_user::VARCHAR,
        created_at::VARCHAR, updated_at::VARCHAR, active_at::VARCHAR, min_disk::VARCHAR, min_ram::VARCHAR,
        max_ram::VARCHAR, image_size::VARCHAR, size::VARCHAR, virtual_size::VARCHAR, virtual_size_gb::VARCHAR,
        disk_format::VARCHAR, container_format::VARCHAR, virtual_env_type::VARCHAR, protected::VARCHAR,
        os_hidden::VARCHAR, isregistered::VARCHAR, is_config_init::VARCHAR, lazyloading::VARCHAR,
        quick_start::VARCHAR, whole_image::VARCHAR, data_origin::VARCHAR, root_origin::VARCHAR,
        originalimagename::VARCHAR, source_image_id::VARCHAR, source_owner::VARCHAR, backup_id::VARCHAR,
        image_source_type::VARCHAR, image_location::VARCHAR, stores::VARCHAR, locations::VARCHAR,
        direct_url::VARCHAR, checksum::VARCHAR, os_hash_algo::VARCHAR, os_hash_value::VARCHAR,
        system__cmkid::VARCHAR, admin_encrypted::VARCHAR, hw_firmware_type::VARCHAR,
        hw_vif_multiqueue_enabled::VARCHAR, sequence_num::VARCHAR, os_shutdown_timeout::VARCHAR,
        os_feature_list::VARCHAR, enterprise_project_id::VARCHAR, sys_enterprise_project_id::VARCHAR,
        account_code::VARCHAR, productcode::VARCHAR, is_offshelved::VARCHAR, system_support_market::VARCHAR,
        system_support_export::VARCHAR, support_kvm::VARCHAR, support_xen::VARCHAR, support_arm::VARCHAR,
        support_amd::VARCHAR, support_largememory::VARCHAR, support_diskintensive::VARCHAR,
        support_highperformance::VARCHAR, support_kvm_gpu_type::VARCHAR, support_xen_gpu_type::VARCHAR,
        support_kvm_fpga_type::VARCHAR, support_kvm_ascend_310::VARCHAR, support_kvm_infiniband::VARCHAR,
        support_xen_hana::VARCHAR, support_kvm_nvme_spdk::VARCHAR, support_kvm_hi1822_hiovs::VARCHAR,
        support_kvm_hi1822_hisriov::VARCHAR, support_kvm_hi1822_hivirtionet::VARCHAR, support_p3l::VARCHAR,
        support_live_resize::VARCHAR, support_fc_inject::VARCHAR, support_agent_list::VARCHAR, os_distro::VARCHAR,
        os_purpose::VARCHAR, os_admin_user::VARCHAR, image_original_user::VARCHAR, image_build_date::VARCHAR,
        patchlevel::VARCHAR, image_source::VARCHAR, image_description::VARCHAR, replace_frequency::VARCHAR,
        uuid_validity::VARCHAR, provided_until::VARCHAR, hotfix_hours::VARCHAR, maintained_until::VARCHAR,
        license_included::VARCHAR, license_required::VARCHAR, subscription_included::VARCHAR,
        subscription_required::VARCHAR, l1_support_contact::VARCHAR, instance_uuid::VARCHAR,
        base_image_ref::VARCHAR, image_type::VARCHAR, image_state::VARCHAR, user_id::VARCHAR, owner_id::VARCHAR,
        owner_project_name::VARCHAR, owner_user_name::VARCHAR, block_device_mapping::VARCHAR, bdm_v2::VARCHAR,
        root_device_name::VARCHAR, boot_roles::VARCHAR, owner_specified_openstack_object::VARCHAR,
        owner_specified_openstack_md5::VARCHAR, owner_specified_openstack_sha256::VARCHAR,
        os_glance_importing_to_stores::VARCHAR, os_glance_failed_import::VARCHAR, img_signature::VARCHAR,
        img_signature_hash_method::VARCHAR, img_signature_key_type::VARCHAR,
        img_signature_certificate_uuid::VARCHAR, signature_verified::VARCHAR, os_encrypt_format::VARCHAR,
        os_encrypt_key_id::VARCHAR, cinder_encryption_key_id::VARCHAR,
        cinder_encryption_key_deletion_policy::VARCHAR, cinder_img_volume_type::VARCHAR, hypervisor_type::VARCHAR,
        vm_mode::VARCHAR, kernel_id::VARCHAR, ramdisk_id::VARCHAR, os_command_line::VARCHAR,
        os_require_quiesce::VARCHAR, os_secure_boot::VARCHAR, img_config_drive::VARCHAR,
        img_hide_hypervisor_id::VARCHAR, hw_machine_type::VARCHAR, hw_firmware_stateless::VARCHAR,
        hw_boot_menu::VARCHAR, hw_cpu_cores::VARCHAR, hw_cpu_sockets::VARCHAR, hw_cpu_threads::VARCHAR,
        hw_cpu_max_cores::VARCHAR, hw_cpu_max_sockets::VARCHAR, hw_cpu_max_threads::VARCHAR, hw_cpu_policy::VARCHAR,
        hw_cpu_thread_policy::VARCHAR, hw_numa_nodes::VARCHAR, hw_mem_page_size::VARCHAR,
        hw_mem_encryption::VARCHAR, hw_pmu::VARCHAR, hw_time_hpet::VARCHAR, hw_rng_model::VARCHAR,
        hw_watchdog_action::VARCHAR, hw_qemu_guest_agent::VARCHAR, hw_tpm_model::VARCHAR, hw_tpm_version::VARCHAR,
        hw_viommu_model::VARCHAR, hw_disk_bus::VARCHAR, hw_scsi_model::VARCHAR, hw_cdrom_bus::VARCHAR,
        hw_rescue_bus::VARCHAR, hw_rescue_device::VARCHAR, hw_vif_model::VARCHAR, hw_video_model::VARCHAR,
        hw_video_ram::VARCHAR, hw_sound_model::VARCHAR, hw_input_bus::VARCHAR, hw_pointer_model::VARCHAR,
        hw_serial_port_count::VARCHAR, vmware_adaptertype::VARCHAR, vmware_disktype::VARCHAR, vmware_ostype::VARCHAR
    ] AS texts -- The value of each of these columns, in the same order, as text; lists are JSON.
FROM image_versions
