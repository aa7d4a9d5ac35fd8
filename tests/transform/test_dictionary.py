"""The dictionary covers the reference, and the warehouse's table is the dictionary's."""

from pathlib import Path

from extract.images import USUAL
from transform.attribute import Kind
from transform.dictionary import ATTRIBUTES

HERE = Path(__file__).parent
ONLY_A_PARAMETER = {"marker", "limit", "sort_key", "sort_dir", "tag", "member_status"}
NAMES = {name for attribute in ATTRIBUTES for name in attribute.api_names}


def test_every_attribute_of_the_references_response_is_known() -> None:
    assert set((HERE / "reference_response_attributes.txt").read_text().split()) <= NAMES


def test_every_parameter_of_the_references_request_that_is_an_attribute_is_known() -> None:
    assert set((HERE / "reference_request_parameters.txt").read_text().split()) - ONLY_A_PARAMETER <= NAMES


def test_further_attributes_of_the_vendor_and_of_plain_glance_are_known() -> None:
    further = """__productcode __support_fc_inject __support_arm __system__cmkid __account_code __is_offshelved
        __support_agent_list __image_displayname __system_support_market __support_kvm_hi1822_hisriov
        __support_kvm_hi1822_hivirtionet enterprise_project_id _sys_enterprise_project_id os_shutdown_timeout os_hidden
        os_hash_algo os_hash_value direct_url locations stores os_type architecture __support_live_resize
        __support_kvm_ascend_310 __support_kvm_nvme_spdk __support_kvm_hi1822_hiovs __support_kvm_fpga_type
        __support_p3l __whole_image __source_owner __source_image_id __image_login_user __quick_start __virtual_size
        __admin_encrypted __system_support_export"""
    assert set(further.split()) <= NAMES


def test_attributes_of_scs_0102_and_of_plain_glance_are_known() -> None:
    standard = """architecture min_disk min_ram os_version os_distro os_purpose hw_disk_bus hw_scsi_model
        hypervisor_type hw_rng_model os_secure_boot hw_firmware_type hw_watchdog_action hw_mem_encryption hw_pmu
        hw_video_ram hw_vif_multiqueue_enabled replace_frequency uuid_validity provided_until hotfix_hours image_source
        image_description image_build_date image_original_user patchlevel os_hash_algo os_hash_value license_included
        license_required subscription_included subscription_required maintained_until l1_support_contact"""
    glance = """kernel_id ramdisk_id instance_uuid cinder_encryption_key_id cinder_encryption_key_deletion_policy
        base_image_ref image_type image_location hw_machine_type hw_qemu_guest_agent img_signature os_require_quiesce
        owner_specified.openstack.md5 owner_specified.openstack.sha256 owner_specified.openstack.object"""
    assert {*standard.split(), *glance.split()} <= NAMES


def test_columns_are_unique_and_have_no_leading_underscore() -> None:
    columns = [attribute.column for attribute in ATTRIBUTES]
    assert len(columns) == len(set(columns))
    assert all(column[0].isalpha() and column.replace("_", "a").isalnum() for column in columns)


def test_every_attribute_has_a_meaning() -> None:
    assert all(len(attribute.meaning) > 10 for attribute in ATTRIBUTES)


def test_sizes_and_times_have_units() -> None:
    for attribute in ATTRIBUTES:
        if attribute.kind is Kind.TIMESTAMP or (attribute.kind is Kind.BIGINT and attribute.column != "virtual_size"):
            assert attribute.unit, attribute.api_name


def test_usual_attributes_are_known_but_for_one_of_an_open_family() -> None:
    assert set(USUAL) - NAMES == {"__support_kvm_p2s"}
