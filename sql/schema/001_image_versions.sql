-- image_versions: each content that an image had.
-- One row per cloud, image and content, from the run that first saw it to the first that no longer did. Times are UTC.
CREATE TABLE image_versions (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- Identifier of the image, a UUID. API: id
    name VARCHAR, -- Name that people gave the image; not unique. API: name
    status VARCHAR, -- State of the image: queued, saving, active, killed or deleted; Glance has a few more. API: status
    visibility VARCHAR, -- Who may see the image: public, private or shared; on Glance also community. API: visibility
    owner VARCHAR, -- Project (tenant) that owns the image. API: owner
    imagetype VARCHAR, -- Kind of image: gold (public), private, shared or market. API: __imagetype
    image_displayname VARCHAR, -- Name under which the image is shown to people. API: __image_displayname
    description VARCHAR, -- Free text about the image. API: __description
    tags VARCHAR[], -- Labels put on the image. API: tags
    os_type VARCHAR, -- Operating system family: Linux, Windows or Other; a tenant may write others. API: __os_type
    platform VARCHAR, -- Operating system distribution, such as Ubuntu, CentOS, EulerOS, Windows or Other. API: __platform
    os_version VARCHAR, -- Operating system with its release, as one text. API: __os_version
    os_bit INTEGER, -- Word size of the operating system: 32 or 64 (bits). API: __os_bit
    architecture VARCHAR, -- Processor architecture, such as x86_64 or aarch64, where someone noted it. API: architecture
    image_login_user VARCHAR, -- User name to log in with on a server made from the image. API: __image_login_user
    created_at TIMESTAMP, -- When the image was created (UTC). API: created_at
    updated_at TIMESTAMP, -- When the image last changed, to the second; sharing it is no change (UTC). API: updated_at
    active_at TIMESTAMP, -- When the image became usable (UTC). API: active_at
    min_disk INTEGER, -- Smallest disk that a server made from the image needs (GB). API: min_disk
    min_ram INTEGER, -- Smallest memory that a server made from the image needs; usually 0 (MB). API: min_ram
    max_ram INTEGER, -- Largest memory that the image is meant for (MB). API: max_ram
    image_size BIGINT, -- Size of the image file; IMS gives it here and not in size (bytes). API: __image_size
    size BIGINT, -- Size of the image file on plain Glance; IMS does not use it: 0 or a small number (bytes). API: size
    virtual_size BIGINT, -- Size of the disk in the image on plain Glance; IMS has it in virtual_size_gb (bytes). API: virtual_size
    disk_format VARCHAR, -- Format of the disk in the image: zvhd2, zvhd, vhd, raw, iso, qcow2 and others. API: disk_format
    container_format VARCHAR, -- Envelope around the disk; bare means none. API: container_format
    virtual_env_type VARCHAR, -- Use: FusionCompute (server), Ironic (bare metal), DataImage (data), IsoImage. API: virtual_env_type
    protected BOOLEAN, -- Whether the image is protected from deletion. API: protected
    os_hidden BOOLEAN, -- Whether ordinary listings leave the image out. API: os_hidden
    isregistered BOOLEAN, -- Whether the image is registered for use; ordinary users see no others. API: __isregistered
    is_config_init BOOLEAN, -- Whether the initial configuration of the image is finished. API: __is_config_init
    lazyloading BOOLEAN, -- Whether a server can start before the whole image is copied to its disk. API: __lazyloading
    quick_start BOOLEAN, -- Whether the image is marked for quick start. API: __quick_start
    whole_image BOOLEAN, -- Whether the image holds a whole server, data disks included. API: __whole_image
    data_origin VARCHAR, -- What the image was made from, such as a server or a file; empty if public. API: __data_origin
    root_origin VARCHAR, -- How the image first came in: file means imported from outside. API: __root_origin
    originalimagename VARCHAR, -- Parent image's identifier, not its name; empty if public or imported. API: __originalimagename
    source_image_id VARCHAR, -- Image that this one was copied from. API: __source_image_id
    source_owner VARCHAR, -- Project that owns the image this one was copied from. API: __source_owner
    backup_id VARCHAR, -- Backup that the image was made from. API: __backup_id
    image_source_type VARCHAR, -- Storage behind the image; uds is object storage. API: __image_source_type
    image_location VARCHAR, -- Place of the image in that storage. API: __image_location
    stores VARCHAR, -- Glance stores that hold the image, separated by commas. API: stores
    locations JSON, -- Addresses of the image in its stores, a JSON list; only where the cloud shows them. API: locations
    direct_url VARCHAR, -- Address of the image in its first store; only where the cloud shows it. API: direct_url
    checksum VARCHAR, -- MD5 of the image file on plain Glance; IMS does not use it. API: checksum
    os_hash_algo VARCHAR, -- Algorithm of os_hash_value, such as sha512. API: os_hash_algo
    os_hash_value VARCHAR, -- Hash of the image file, in hexadecimal. API: os_hash_value
    system__cmkid VARCHAR, -- Key that the image is encrypted with. API: __system__cmkid
    admin_encrypted BOOLEAN, -- Whether the cloud's administrator had the image encrypted. API: __admin_encrypted
    hw_firmware_type VARCHAR, -- Boot mode: bios or uefi. API: hw_firmware_type
    hw_vif_multiqueue_enabled BOOLEAN, -- Whether network cards may use several queues. API: hw_vif_multiqueue_enabled
    sequence_num INTEGER, -- Slot of the server's system disk that the image belongs to, such as 0. API: __sequence_num
    os_shutdown_timeout INTEGER, -- Time that a server gets to shut down before it is switched off (s). API: os_shutdown_timeout
    os_feature_list JSON, -- Advanced features of the image, a JSON object of strings or a list. API: __os_feature_list
    enterprise_project_id VARCHAR, -- Enterprise project of the image; 0 or none is the default one. API: enterprise_project_id
    sys_enterprise_project_id VARCHAR, -- Enterprise project of the image, as the cloud's own tag gives it. API: _sys_enterprise_project_id
    account_code VARCHAR, -- Code by which use of a paid image is charged. API: __account_code
    productcode VARCHAR, -- Product of the marketplace that the image belongs to. API: __productcode
    is_offshelved BOOLEAN, -- Whether the image was withdrawn from the marketplace. API: __is_offshelved
    system_support_market BOOLEAN, -- Whether the image may be published in the marketplace. API: __system_support_market
    system_support_export BOOLEAN, -- Whether the image may be exported. API: __system_support_export
    support_kvm BOOLEAN, -- Whether the image runs on KVM. API: __support_kvm
    support_xen BOOLEAN, -- Whether the image runs on Xen. API: __support_xen
    support_arm BOOLEAN, -- Whether the image is for ARM processors. API: __support_arm
    support_amd BOOLEAN, -- Whether the image is for AMD's x86 processors. API: __support_amd
    support_largememory BOOLEAN, -- Whether the image runs on servers with large memory. API: __support_largememory
    support_diskintensive BOOLEAN, -- Whether the image runs on disk-intensive servers. API: __support_diskintensive
    support_highperformance BOOLEAN, -- Whether the image runs on high-performance servers. API: __support_highperformance
    support_kvm_gpu_type VARCHAR, -- GPUs supported on KVM; never with support_kvm or support_xen. API: __support_kvm_gpu_type
    support_xen_gpu_type VARCHAR, -- GPUs supported on Xen; never with support_kvm or support_xen. API: __support_xen_gpu_type
    support_kvm_fpga_type VARCHAR, -- FPGA that the image supports on KVM, such as VU9P. API: __support_kvm_fpga_type
    support_kvm_ascend_310 BOOLEAN, -- Whether the image runs on KVM servers with Ascend 310 AI processors. API: __support_kvm_ascend_310
    support_kvm_infiniband BOOLEAN, -- Whether InfiniBand is supported on KVM; never with support_xen. API: __support_kvm_infiniband
    support_xen_hana BOOLEAN, -- Whether it runs HANA on Xen; never with support_kvm or support_xen. API: __support_xen_hana
    support_kvm_nvme_spdk BOOLEAN, -- Whether the image supports NVMe disks through SPDK on KVM. API: __support_kvm_nvme_spdk
    support_kvm_hi1822_hiovs BOOLEAN, -- Whether the image runs on compute-enhanced servers (Hi1822 cards). API: __support_kvm_hi1822_hiovs
    support_kvm_hi1822_hisriov BOOLEAN, -- Whether the image supports SR-IOV on Hi1822 cards. API: __support_kvm_hi1822_hisriov
    support_kvm_hi1822_hivirtionet BOOLEAN, -- Whether the image supports Virtio-Net on Hi1822 cards. API: __support_kvm_hi1822_hivirtionet
    support_p3l BOOLEAN, -- Whether the image runs on servers of the P3L family, going by the name. API: __support_p3l
    support_live_resize BOOLEAN, -- Whether a server made from the image can be resized while it runs. API: __support_live_resize
    support_fc_inject BOOLEAN, -- Whether Cloud-Init can NOT inject passwords or keys: true means not. API: __support_fc_inject
    support_agent_list VARCHAR, -- Agents supported, comma-separated: hss (security), ces (monitoring). API: __support_agent_list
    self VARCHAR, -- Link to the image in the API. API: self
    file VARCHAR, -- Link to the image's file in the API, for upload and download. API: file
    schema VARCHAR, -- Link to the JSON schema of an image. API: schema
    extra MAP(VARCHAR, VARCHAR), -- Every attribute that no column holds: API name to text, or to JSON text.
    content_hash VARCHAR NOT NULL, -- Hash of the columns without links, of extra and of the rejects: two versions differ if and only if it does.
    seen_from TIMESTAMP NOT NULL, -- Start of the run that first saw this version. UTC.
    seen_to TIMESTAMP, -- Start of the first run that no longer saw it; NULL: it is current. UTC.
    run_from VARCHAR NOT NULL, -- The run that first saw this version.
    run_to VARCHAR, -- The first run that no longer saw it; NULL: it is current.
    end_reason VARCHAR -- Why it ended: changed, deleted, gone (another project's, no longer visible), retired; NULL: it is current.
);
