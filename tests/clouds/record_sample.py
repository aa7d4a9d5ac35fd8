"""Records data/sample: two nights of a made-up catalogue, page for page, as a real Glance served them.

Run by hand, from the checkout: `python -m tests.clouds.record_sample`. Names, ids and owners are made up; the images
have the attributes that the IMS reference documents, and Glance is told to give pages of at most 20 images.
"""

import json
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from extract.listing import listings
from tests.clouds.openstack import OpenStackCloud, openstack_cloud

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
LARGEST_PAGE = 20
_COUNTS = {"public": 110, "private": 60, "shared-accepted": 40, "shared-pending": 24, "shared-rejected": 22}
_SYSTEMS = (
    ("Linux", "CentOS", "CentOS 7.9 64bit", "64"),
    ("Linux", "CentOS", "CentOS 6.10 32bit", "32"),
    ("Linux", "Ubuntu", "Ubuntu 18.04 server 64bit", "64"),
    ("Linux", "Ubuntu", "Ubuntu 22.04 server 64bit", "64"),
    ("Linux", "Ubuntu", "Ubuntu 24.04 server 64bit", "64"),
    ("Linux", "EulerOS", "EulerOS 2.10 64bit", "64"),
    ("Linux", "Debian", "Debian GNU/Linux 12.0.0 64bit", "64"),
    ("Linux", "SUSE", "SUSE Enterprise 15 SP5 64bit", "64"),
    ("Windows", "Windows", "Windows Server 2016 Standard 64bit", "64"),
    ("Windows", "Windows", "Windows Server 2022 Standard 64bit", "64"),
    ("Other", "Other", "Other(64 bit)", "64"),
)
STANDARD = {
    "os_distro": "debian", "os_version": "12", "architecture": "x86_64", "os_purpose": "generic",
    "hw_disk_bus": "virtio", "replace_frequency": "monthly", "uuid_validity": "last-3",
    "provided_until": "2028-06-30", "image_description": "https://example.com/debian-12",
    "image_source": "https://example.com/debian-12.qcow2", "image_original_user": "debian",
    "image_build_date": "2026-06-01",
}  # fmt: skip
"""What SCS-0102 demands of a public image."""
_STANDARD_NAME = "Debian 12"
_STANDARD_CREATED = datetime(2026, 6, 1)
_DESCRIPTIONS = (
    "",
    "Golden image of the web tier",
    "Basis für Entwickler",
    "夜间构建",
    "Snapshot before the upgrade",
    "ne pas effacer",
)
_ROLES = ("web", "db", "batch", "kafka", "jump", "gpu", "ci")


def record() -> None:
    """Record both nights afresh."""
    chance = random.Random(20261122)
    with tempfile.TemporaryDirectory() as folder, openstack_cloud(Path(folder), largest_page=LARGEST_PAGE) as cloud:
        created = {listing: _create(cloud, listing, count, chance) for listing, count in _COUNTS.items()}
        for number in range(3):
            image = cloud.create_image("alpha", **_attributes("shared-accepted", 900 + number, chance))
            cloud.share("alpha", image["id"], "beta", "accepted")
        told = _create_stories(cloud)
        _age(cloud, chance)
        _set_created(cloud, told["standard"], _STANDARD_CREATED)
        _record_night(cloud, SAMPLE / "night-1")
        _change(cloud, created, chance)
        _end_stories(cloud, told)
        _record_night(cloud, SAMPLE / "night-2")


def _create(cloud: OpenStackCloud, listing: str, count: int, chance: random.Random) -> list[str]:
    project = {"public": "admin", "private": "alpha"}.get(listing, "beta")
    identities = []
    for number in range(count):
        image = cloud.create_image(project, **_attributes(listing, number, chance))
        identities.append(image["id"])
        if listing.startswith("shared-"):
            status = listing.removeprefix("shared-")
            cloud.share("beta", image["id"], "alpha", None if status == "pending" else status)
    return identities


def _create_stories(cloud: OpenStackCloud) -> dict[str, str]:
    """Images for questions that need more than chance; the id of each. They have random numbers of their own.

    A public image with promises, a private image with a child made from it, and a share.
    """
    chance = random.Random(20261201)
    parent = {**_attributes("private", 700, chance), "name": "prod-web-golden"}
    child = {**_attributes("private", 701, chance), "name": "prod-web-server", "__originalimagename": parent["id"]}
    share = {**_attributes("shared-accepted", 702, chance), "name": "prod-db-seldom"}
    standard = {**_attributes("public", 703, chance), **_of_the_standard()}
    for attributes in (parent, child):
        cloud.create_image("alpha", **attributes)
    cloud.create_image("admin", **standard)
    cloud.create_image("beta", **share)
    cloud.share("beta", share["id"], "alpha", "accepted")
    return {"standard": standard["id"], "parent": parent["id"], "share": share["id"]}


def _of_the_standard() -> dict[str, Any]:
    system = {"__os_type": "Linux", "__platform": "Debian", "__os_version": "Debian GNU/Linux 12.0.0 64bit"}
    return {"name": _STANDARD_NAME, "min_disk": 40, "min_ram": 1024, **system, **STANDARD}


def _end_stories(cloud: OpenStackCloud, told: dict[str, str]) -> None:
    """The name with promises gets a new image, the parent is deleted, the share is withdrawn."""
    chance = random.Random(20261202)
    cloud.change_image("admin", told["standard"], name=f"{_STANDARD_NAME} old")
    cloud.create_image("admin", **{**_attributes("public", 704, chance), **_of_the_standard()})
    cloud.delete_image("alpha", told["parent"])
    cloud.withdraw_share("beta", told["share"], "alpha")


def _attributes(listing: str, number: int, chance: random.Random) -> dict[str, Any]:
    os_type, platform, version, bits = _SYSTEMS[chance.randrange(len(_SYSTEMS))]
    public = listing == "public"
    month = f"2026-{chance.randint(1, 11):02d}"
    name = (
        version if public else f"{chance.choice(('prod', 'test', 'dev'))}-{chance.choice(_ROLES)}-{month}-{number:03d}"
    )
    attributes: dict[str, Any] = {
        "id": str(_uuid(chance)),
        "name": f"{name} {chance.choice(('', 'with sdx ', 'vivado '))}{number:03d}" if public else name,
        "visibility": "public" if public else "private" if listing == "private" else "shared",
        "protected": public,
        "min_disk": chance.choice((10, 40, 100)),
        "min_ram": chance.choice((0, 1024, 2048)),
        "disk_format": chance.choice(("vhd", "qcow2", "raw")),
        "tags": sorted(chance.sample(("team=blue", "team=green", "keep", "lts", "pci"), chance.randint(0, 2))),
        "hw_firmware_type": chance.choice(("bios", "bios", "uefi")),
        "virtual_env_type": chance.choice(("FusionCompute", "FusionCompute", "DataImage", "Ironic")),
        "__imagetype": "gold" if public else "private" if listing == "private" else "shared",
        "__isregistered": "true",
        "__image_source_type": "uds",
        "__image_size": str(chance.randint(300_000_000, 40_000_000_000)),
        "__os_type": os_type,
        "__platform": platform,
        "__os_version": version,
        "__os_bit": bits,
        "__lazyloading": chance.choice(("true", "True", "false")),
        "__is_config_init": chance.choice(("true", "false")),
        "__support_kvm": "true",
        "__sequence_num": "0",
        "__root_origin": "file" if not public and chance.random() < 0.3 else "",
        "__data_origin": "" if public else f"instance,{_uuid(chance)}",
        "__originalimagename": "" if public else str(_uuid(chance)),
        "__backup_id": "",
        "__account_code": "",
        "__description": chance.choice(_DESCRIPTIONS),
        "__os_feature_list": json.dumps({"onekey_resetpasswd": chance.choice(("true", "false"))}),
        "__system__cmkid": str(_uuid(chance)) if chance.random() < 0.1 else "",
        "max_ram": "0",
        "enterprise_project_id": "0",
        "hw_vif_multiqueue_enabled": chance.choice(("true", "false")),
        "active_at": "2026-03-01T09:30:00.000000",
    }
    if chance.random() < 0.3:
        attributes["__support_xen"] = "true"
    if chance.random() < 0.1:
        attributes["__support_kvm_gpu_type"] = "P2V_V100"
    if chance.random() < 0.05:
        attributes["__support_kvm_p2s"] = "true"
    if not public and chance.random() < 0.1:
        attributes["cost_center"] = str(chance.randint(1000, 9999))
    if not public and chance.random() < 0.03:
        attributes["__os_bit"] = "sixty-four"
    return attributes


def _change(cloud: OpenStackCloud, created: dict[str, list[str]], chance: random.Random) -> None:
    """What happens between the nights."""
    for number in range(4):
        cloud.create_image("admin", **_attributes("public", 200 + number, chance))
        cloud.create_image("alpha", **_attributes("private", 200 + number, chance))
    for number, identity in enumerate(created["private"][:5]):
        cloud.change_image("alpha", identity, name=f"prod-web-2026-11-{number:03d}-retired", __description="retired")
    for identity in created["public"][:4]:
        cloud.change_image("admin", identity, min_disk=200, tags=["lts", "eol=2027"])
    cloud.change_image("alpha", created["private"][5], name="first thought")
    cloud.change_image("alpha", created["private"][5], name="second thought", __os_version="CentOS 7.9 64bit (patched)")
    for identity in created["shared-pending"][:2]:
        cloud.answer_share("alpha", identity, "accepted")
    cloud.answer_share("alpha", created["shared-accepted"][0], "rejected")
    for identity in created["public"][-2:]:
        cloud.change_image("admin", identity, protected=False)
        cloud.delete_image("admin", identity)
    for identity in created["private"][-3:]:
        cloud.delete_image("alpha", identity)


def _age(cloud: OpenStackCloud, chance: random.Random) -> None:
    """Spread the images' times over the past years, in Glance's own database, so that the catalogue has an age."""
    with closing(sqlite3.connect(cloud.glance_database)) as database, database:
        for (identity,) in database.execute("SELECT id FROM images ORDER BY id").fetchall():
            created = datetime(2022, 1, 1) + timedelta(seconds=chance.randrange(4 * 365 * 86400))
            updated = created + timedelta(seconds=chance.randrange(300 * 86400))
            database.execute(
                "UPDATE images SET created_at = ?, updated_at = ?, status = 'active' WHERE id = ?",
                (created.isoformat(sep=" ") + ".000000", updated.isoformat(sep=" ") + ".000000", identity),
            )


def _set_created(cloud: OpenStackCloud, identity: str, at: datetime) -> None:
    with sqlite3.connect(cloud.glance_database) as database:
        written = at.isoformat(sep=" ") + ".000000"
        database.execute("UPDATE images SET created_at = ?, updated_at = ? WHERE id = ?", (written, written, identity))


def _record_night(cloud: OpenStackCloud, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index = [_recorded(folder, name, query, answer) for name, query, answer in _pages(cloud)]
    (folder / "requests.json").write_text(json.dumps(index, indent=1) + "\n")


def _pages(cloud: OpenStackCloud) -> Iterator[tuple[str, dict[str, str], Any]]:
    paging = {"limit": "1000", "sort_key": "id", "sort_dir": "asc"}
    with cloud.client("alpha") as client:
        api_probe = {**paging, "limit": "100"}
        yield "first-look.json", api_probe, client.get("/v2/images", params=api_probe)
        for listing in listings("ims", cloud.projects["alpha"].id):
            query, number = {**listing.filters, **paging}, 0
            while True:
                number += 1
                answer = client.get("/v2/images", params=query)
                yield f"{listing.name}-{number:02d}.json", dict(query), answer
                if "next" not in answer.json():
                    break
                query["marker"] = answer.json()["images"][-1]["id"]


def _recorded(folder: Path, name: str, query: dict[str, str], answer: Any) -> dict[str, Any]:
    (folder / name).write_bytes(answer.content)
    return {
        "query": query,
        "status": answer.status_code,
        "date": answer.headers["Date"],
        "content_type": answer.headers["Content-Type"],
        "body": name,
    }


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


if __name__ == "__main__":
    record()
