"""The dictionary: name, type and meaning of each attribute of an image, one row per attribute.

`transform.batch` parses pages with it, `load.schema` makes the table's columns and comments from it. It knows neither
HTTP nor DuckDB. To add an attribute, add its row here or in `transform.openstack_attributes`; its name is written
nowhere else.
"""

from typing import Final

from transform.attribute import BIGINT, BOOLEAN, INTEGER, JSON, TAGS, TEXT, TIMESTAMP, Attribute, Spelling
from transform.openstack_attributes import OPENSTACK_ATTRIBUTES

# One line an attribute, however long: the table is read down its columns.
# ruff: noqa: E501
# fmt: off
ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    # What it is and whose
    Attribute("id", TEXT, None, "Identifier of the image, a UUID", "reference"),
    Attribute("name", TEXT, None, "Name that people gave the image; not unique", "reference"),
    Attribute("status", TEXT, None, "State of the image: queued, saving, active, killed or deleted; Glance has a few more", "reference"),
    Attribute("visibility", TEXT, None, "Who may see the image: public, private or shared; on Glance also community", "reference"),
    Attribute("owner", TEXT, None, "Project (tenant) that owns the image", "reference"),
    Attribute("__imagetype", TEXT, None, "Kind of image: gold (public), private, shared or market", "reference"),
    Attribute("__image_displayname", TEXT, None, "Name that is shown to people", "vendor SDK"),
    Attribute("__description", TEXT, None, "Free text about the image", "reference", is_plain_on_glance=True),
    Attribute("tags", TAGS, None, "Labels put on the image", "reference", spelling=Spelling.JSON),
    # The operating system in it
    Attribute("__os_type", TEXT, None, "Operating system family: Linux, Windows or Other; a tenant may write others", "reference", is_plain_on_glance=True),
    Attribute("__platform", TEXT, None, "Operating system distribution, such as Ubuntu, CentOS, EulerOS, Windows or Other", "reference"),
    Attribute("__os_version", TEXT, None, "Operating system with its release, as one text; on plain Glance the release alone", "reference", is_plain_on_glance=True),
    Attribute("__os_bit", INTEGER, "bits", "Word size of the operating system: 32 or 64", "reference"),
    Attribute("architecture", TEXT, None, "Processor architecture, such as x86_64 or aarch64, if the image says", "Glance"),
    Attribute("__image_login_user", TEXT, None, "User name to log in with on a server made from the image", "observed"),
    # When (all times UTC)
    Attribute("created_at", TIMESTAMP, "UTC", "When the image was created", "reference"),
    Attribute("updated_at", TIMESTAMP, "UTC", "When the image last changed, to the second; sharing it does not count", "reference"),
    Attribute("active_at", TIMESTAMP, "UTC", "When the image became usable", "reference", spelling=Spelling.MICROSECONDS),
    # How large, and what a server needs to run it
    Attribute("min_disk", INTEGER, "GB", "Smallest disk that a server made from the image needs", "reference", spelling=Spelling.JSON),
    Attribute("min_ram", INTEGER, "MB", "Smallest memory that a server made from the image needs; usually 0", "reference", spelling=Spelling.JSON),
    Attribute("max_ram", INTEGER, "MB", "Largest memory that the image is meant for", "reference"),
    Attribute("__image_size", BIGINT, "bytes", "Size of the image file; IMS gives it here and not in size", "reference"),
    Attribute("size", BIGINT, "bytes", "Size of the image file on plain Glance; IMS does not use it: 0 or a small number", "reference", spelling=Spelling.JSON),
    Attribute("virtual_size", BIGINT, "bytes", "Size of the disk in the image on plain Glance; IMS has it in virtual_size_gb", "reference", spelling=Spelling.JSON),
    Attribute("__virtual_size", BIGINT, "GB", "Size of the disk in the image on IMS", "reference", own_column="virtual_size_gb"),
    Attribute("disk_format", TEXT, None, "Format of the disk in the image: zvhd2, zvhd, vhd, raw, iso, qcow2 and others", "reference"),
    Attribute("container_format", TEXT, None, "File format around the disk; bare: none", "reference"),
    Attribute("virtual_env_type", TEXT, None, "Use: FusionCompute (server), Ironic (bare metal), DataImage (data), IsoImage", "reference"),
    # What may be done with it
    Attribute("protected", BOOLEAN, None, "Whether the image is protected from deletion", "reference", spelling=Spelling.JSON),
    Attribute("os_hidden", BOOLEAN, None, "Whether ordinary listings leave the image out", "Glance", spelling=Spelling.JSON),
    Attribute("__isregistered", BOOLEAN, None, "Whether the image is registered for use; ordinary users see no others", "reference"),
    Attribute("__is_config_init", BOOLEAN, None, "Whether the initial configuration of the image is finished", "reference"),
    Attribute("__lazyloading", BOOLEAN, None, "Whether a server can start before the whole image is copied to its disk", "reference"),
    Attribute("__quick_start", BOOLEAN, None, "Whether the image is marked for quick start", "observed"),
    Attribute("__whole_image", BOOLEAN, None, "Whether the image holds a whole server, data disks included", "observed"),
    # Where it came from
    Attribute("__data_origin", TEXT, None, "What the image was made from, such as a server or a file; empty if public", "reference"),
    Attribute("__root_origin", TEXT, None, "How the image first came in: file means imported from outside", "reference"),
    Attribute("__originalimagename", TEXT, None, "Parent image's identifier, not its name; empty if public or imported", "reference"),
    Attribute("__source_image_id", TEXT, None, "Image that this one was copied from", "observed"),
    Attribute("__source_owner", TEXT, None, "Project that owns the image this one was copied from", "observed"),
    Attribute("__backup_id", TEXT, None, "Backup that the image was made from", "reference"),
    # Where it lies, and how to check it
    Attribute("__image_source_type", TEXT, None, "Storage behind the image; uds is object storage", "reference"),
    Attribute("__image_location", TEXT, None, "Place of the image in that storage; of a snapshot on plain Glance: snapshot", "reference", is_plain_on_glance=True),
    Attribute("stores", TEXT, None, "Glance stores that hold the image, separated by commas", "Glance"),
    Attribute("locations", JSON, None, "Addresses of the image in its stores, a JSON list; only where the cloud shows them", "Glance", spelling=Spelling.JSON),
    Attribute("direct_url", TEXT, None, "Address of the image in its first store; only where the cloud shows it", "Glance"),
    Attribute("checksum", TEXT, None, "MD5 of the image file on plain Glance; IMS does not use it", "reference"),
    Attribute("os_hash_algo", TEXT, None, "Algorithm of os_hash_value, such as sha512", "Glance"),
    Attribute("os_hash_value", TEXT, None, "Hash of the image file, in hexadecimal", "Glance"),
    Attribute("__system__cmkid", TEXT, None, "Key that the image is encrypted with", "vendor SDK"),
    Attribute("__admin_encrypted", BOOLEAN, None, "Whether the cloud's administrator had the image encrypted", "observed"),
    # How a server boots and stops with it
    Attribute("hw_firmware_type", TEXT, None, "Boot mode: bios or uefi", "reference"),
    Attribute("hw_vif_multiqueue_enabled", BOOLEAN, None, "Whether network cards may use several queues", "reference"),
    Attribute("__sequence_num", INTEGER, None, "Slot of the server's system disk that the image belongs to, such as 0", "reference"),
    Attribute("os_shutdown_timeout", INTEGER, "s", "Time in which a server can shut down before it is switched off", "vendor SDK"),
    Attribute("__os_feature_list", JSON, None, "Advanced features of the image, a JSON object of strings or a list", "reference"),
    # Billing and the marketplace
    Attribute("enterprise_project_id", TEXT, None, "Enterprise project of the image; 0 or none is the default one", "vendor SDK"),
    Attribute("_sys_enterprise_project_id", TEXT, None, "Enterprise project of the image, as the cloud's own tag gives it", "vendor SDK"),
    Attribute("__account_code", TEXT, None, "Code by which use of a paid image is charged", "vendor SDK"),
    Attribute("__productcode", TEXT, None, "Product of the marketplace that the image belongs to", "vendor SDK"),
    Attribute("__is_offshelved", BOOLEAN, None, "Whether the image was withdrawn from the marketplace", "vendor SDK"),
    Attribute("__system_support_market", BOOLEAN, None, "Whether the image may be published in the marketplace", "vendor SDK", spelling=Spelling.JSON),
    Attribute("__system_support_export", BOOLEAN, None, "Whether the image may be exported", "observed", spelling=Spelling.JSON),
    # Where it runs: an open family, so what is not here is in extra; NULL mostly means no
    Attribute("__support_kvm", BOOLEAN, None, "Whether the image runs on KVM", "reference"),
    Attribute("__support_xen", BOOLEAN, None, "Whether the image runs on Xen", "reference"),
    Attribute("__support_arm", BOOLEAN, None, "Whether the image is for ARM processors", "vendor SDK"),
    Attribute("__support_amd", BOOLEAN, None, "Whether the image is for AMD's x86 processors", "reference"),
    Attribute("__support_largememory", BOOLEAN, None, "Whether the image runs on servers with large memory", "reference"),
    Attribute("__support_diskintensive", BOOLEAN, None, "Whether the image runs on disk-intensive servers", "reference"),
    Attribute("__support_highperformance", BOOLEAN, None, "Whether the image runs on high-performance servers", "reference"),
    Attribute("__support_kvm_gpu_type", TEXT, None, "GPUs supported on KVM; never with support_kvm or support_xen", "reference"),
    Attribute("__support_xen_gpu_type", TEXT, None, "GPUs supported on Xen; never with support_kvm or support_xen", "reference"),
    Attribute("__support_kvm_fpga_type", TEXT, None, "FPGA that the image supports on KVM, such as VU9P", "observed"),
    Attribute("__support_kvm_ascend_310", BOOLEAN, None, "Whether the image runs on KVM servers with Ascend 310 AI processors", "observed"),
    Attribute("__support_kvm_infiniband", BOOLEAN, None, "Whether InfiniBand is supported on KVM; never with support_xen", "reference"),
    Attribute("__support_xen_hana", BOOLEAN, None, "Whether it runs HANA on Xen; never with support_kvm or support_xen", "reference"),
    Attribute("__support_kvm_nvme_spdk", BOOLEAN, None, "Whether the image supports NVMe disks through SPDK on KVM", "observed"),
    Attribute("__support_kvm_hi1822_hiovs", BOOLEAN, None, "Whether the image runs on compute-enhanced servers (Hi1822 cards)", "observed"),
    Attribute("__support_kvm_hi1822_hisriov", BOOLEAN, None, "Whether the image supports SR-IOV on Hi1822 cards", "vendor SDK"),
    Attribute("__support_kvm_hi1822_hivirtionet", BOOLEAN, None, "Whether the image supports Virtio-Net on Hi1822 cards", "vendor SDK"),
    Attribute("__support_p3l", BOOLEAN, None, "Whether the image runs on P3L servers, judging by the name", "observed"),
    Attribute("__support_live_resize", BOOLEAN, None, "Whether a server made from the image can be resized while it runs", "observed"),
    Attribute("__support_fc_inject", BOOLEAN, None, "Whether Cloud-Init can NOT inject passwords or keys: true means not", "vendor SDK"),
    Attribute("__support_agent_list", TEXT, None, "Agents supported, comma-separated: hss (security), ces (monitoring)", "vendor SDK"),
    *OPENSTACK_ATTRIBUTES,
    # Links of the answer itself
    Attribute("self", TEXT, None, "Link to the image in the API", "reference"),
    Attribute("file", TEXT, None, "Link to the image's file in the API, for upload and download", "reference"),
    Attribute("schema", TEXT, None, "Link to the JSON schema of an image", "reference"),
)
# fmt: on


def comment(attribute: Attribute) -> str:
    """The column's comment: meaning, unit, the API's name."""
    unit = f" ({attribute.unit})" if attribute.unit else ""
    return f"{attribute.meaning}{unit}. API: {attribute.api_name}"
