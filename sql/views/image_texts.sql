-- image_texts: every version of every image with its attributes as text, in two lists: what image_changes compares.
-- One row per version in image_versions. Times are UTC. Links and `extra` are not among them.
-- Case: public a min_disk=10
-- SELECT id, list_extract(texts, list_position(columns, 'min_disk')) FROM image_texts
-- a, 10
CREATE OR REPLACE VIEW image_texts AS
SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    name, -- The image's name.
    extra, -- Attributes that no column holds.
    content_hash, -- Hash of all that is compared.
    seen_from, -- Start of the run that first saw this version. UTC.
    seen_to, -- Start of the run that first did not see it any more; NULL: it is current. UTC.
    run_from, -- The run that first saw this version.
    run_to, -- The run that first did not see it any more; NULL: it is current.
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
        'support_fc_inject', 'support_agent_list'
    ] AS columns, -- The columns of `images` that are attributes of the API.
    -- As a list, for JSON of the row takes ten times as long; column by column, for DuckDB 1.2 reads no *COLUMNS in a view.
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
        support_live_resize::VARCHAR, support_fc_inject::VARCHAR, support_agent_list::VARCHAR
    ] AS texts -- The value of each of these columns, in the same order, as text; lists are JSON.
FROM image_versions
