"""Images with more variety than the recorded ones: each has a random choice of ninety attributes, some made by tenants.

Called by benchmarks.catalogue. The same images each time: the choice follows from the listing's name.
"""

import random
import string
from typing import Any, Final

SHARES: Final = {
    "public": 0.14,
    "private": 0.6,
    "shared-accepted": 0.2,
    "shared-pending": 0.04,
    "shared-rejected": 0.02,
}
TEMPLATES: Final = 500
_FEWEST, _MOST = 20, 45

_ALWAYS: Final = (
    "id", "name", "status", "visibility", "owner", "protected", "__imagetype", "created_at", "updated_at", "tags",
    "min_disk", "min_ram", "disk_format", "container_format", "self", "file", "schema",
)  # fmt: skip

_FLAGS_TEXT: Final = """
    __support_kvm __support_xen __support_arm __support_amd __support_largememory __support_diskintensive
    __support_highperformance __support_kvm_infiniband __support_xen_hana __support_live_resize __support_agent_list
    __lazyloading __is_config_init __isregistered __quick_start __whole_image __is_offshelved __system_support_market
    hw_vif_multiqueue_enabled hw_qemu_guest_agent hw_boot_menu os_require_quiesce license_included
    subscription_included
"""
_NUMBERS_TEXT: Final = """
    __image_size size virtual_size __os_bit __sequence_num max_ram hw_cpu_cores hw_cpu_sockets hw_cpu_threads
    hw_numa_nodes hw_video_ram hotfix_hours
"""
_WORDS_TEXT: Final = """
    __os_type __platform __os_version __root_origin __data_origin __image_source_type __description
    __originalimagename __account_code __productcode __support_kvm_gpu_type __system__cmkid virtual_env_type
    architecture os_distro os_purpose os_admin_user hw_disk_bus hw_vif_model hw_scsi_model hw_machine_type
    hw_firmware_type hw_rng_model hypervisor_type vm_mode checksum
"""
_TENANTS_TEXT: Final = """
    cost-centre team.owner team.contact CostCenter owner_e-mail ticket ticket-url build_number build.commit
    build.branch packer_version hardening cis_level scanned_at scanner.result app app.tier environment env
    retention backup-policy data_class dept Dept_ID note Kommentar größe golden_image_of
"""
_TEXTS: Final = (_FLAGS_TEXT, _NUMBERS_TEXT, _WORDS_TEXT, _TENANTS_TEXT)
_FLAGS, _NUMBERS, _WORDS, _TENANTS = (text.split() for text in _TEXTS)
NAMES: Final = (*_FLAGS, *_NUMBERS, *_WORDS, *_TENANTS)


def images(recorded: dict[str, Any], listing: str) -> list[dict[str, Any]]:
    """As many different images of the listing as it has templates; `recorded`: one that the listing's filters fit."""
    chance = random.Random(f"varied {listing}")
    always = {name: recorded[name] for name in _ALWAYS if name in recorded}
    return [always | _attributes(chance) for _ in range(TEMPLATES)]


def _attributes(chance: random.Random) -> dict[str, Any]:
    names = chance.sample(NAMES, chance.randint(_FEWEST, _MOST))
    return {name: _value(name, chance) for name in names}


def _value(name: str, chance: random.Random) -> Any:
    if name in _FLAGS:
        return chance.choice(["true", "false"])
    if name in _NUMBERS:
        number = chance.randrange(1, 2 ** chance.randrange(2, 40))
        return str(number) if name.startswith("__") else number
    words = chance.randint(1, 12 if name in ("__description", "note", "Kommentar") else 2)
    return " ".join("".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(words))
