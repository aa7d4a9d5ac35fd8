"""Which release a system's spelling means, and the files that say when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import SettingsError
from load import end_of_life
from load.end_of_life import load_their_dates
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.load.runs import new_warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with new_warehouse(tmp_path_factory.mktemp("systems")) as opened:
        yield opened


def releases(warehouse: Warehouse, systems: list[str]) -> dict[str, str]:
    """Product and cycle, by spelling."""
    warehouse.execute("DELETE FROM image_versions")
    warehouse.execute(
        """INSERT INTO image_versions BY NAME
        SELECT 'c' AS cloud, system AS id, system AS os_version, 'h' AS content_hash,
        TIMESTAMP '2026-11-01' AS seen_from, 'r' AS run_from FROM (SELECT unnest($systems) AS system)""",
        {"systems": systems},
    )
    rows = warehouse.execute("SELECT os_version, product, cycle FROM system_lifetimes").fetchall()
    return {system: f"{product} {cycle}" for system, product, cycle in rows}


SPELLINGS: dict[str, str | None] = {
    "Fedora Core 6": "fedora 6",
    "Windows_Server_2019": "windows-server 2019",
    "win2016 std": "windows-server 2016",
    "RHEL-8.2": "rhel 8",
    "sles15-sp3": "sles 15.3",
    "Ubuntu 18.04.6 LTS (Bionic Beaver)": "ubuntu 18.04",
    "Debian GNU/Linux 10 (buster)": "debian 10",
    "SUSE 12 SP5 64bit": "sles 12.5",
    "Windows Server Core 2019": "windows-server 2019",
    "CentOS 6.10 32bit": "centos 6",
    "Ubuntu 24.04 server 64bit": "ubuntu 24.04",
    "EulerOS 2.10 64bit": None,
    "Debian GNU/Linux 12.0.0 64bit": "debian 12",
    "SUSE Enterprise 15 SP5 64bit": "sles 15.5",
    "Windows Server 2022 Standard 64bit": "windows-server 2022",
    "Windows Server 2012 R2 Datacenter 64bit English": "windows-server 2012-r2",
    "RHEL 8.4 update 6": "rhel 8",
    "CoreOS 40": None,
    "Fedora CoreOS 40": None,
    "Fedora 40": "fedora 40",
    "Red Hat Linux Enterprise 7.9 64bit": "rhel 7",
    "CentOS Stream 8 64bit": "centos-stream 8",
    "CentOS 8 Stream": "centos-stream 8",
    "Oracle Linux Server release 7.6 64bit": "oracle-linux 7",
    "openSUSE Leap 15.3": "opensuse 15.3",
    "OpenSUSE 42.3 64bit": "opensuse 42.3",
    "Windows 10 Enterprise 64bit": "windows 10-22h2",
    "Windows 7 Professional": "windows 7-sp1",
    "Windows XP": "windows 5-sp3",
    "Windows Server 2008 R2 Enterprise 64bit": "windows-server 2008-r2-sp1",
    "Windows Server 2008 SP2": "windows-server 2008-sp2",
    "Amazon Linux 2": "amazon-linux 2",
    "Amazon Linux AMI 2018.03": "amazon-linux 2018.03",
    "Rocky Linux 8.5": "rocky-linux 8",
    "AlmaLinux 9": "almalinux 9",
    "Alpine Linux 3.12": "alpine-linux 3.12",
    "FreeBSD 11.2": "freebsd 11.2",
    "SLES 12 SP5": "sles 12.5",
    "SUSE Linux Enterprise Server 11 SP4 64bit": "sles 11.4",
    "debian bullseye": "debian 11",
    "Ubuntu Focal": "ubuntu 20.04",
    "Windows 10 Enterprise LTSC 2019": "windows 10-1809-e-lts",
    "Windows 11 Pro 22H2": "windows 11-22h2-w",
    "Other(64 bit)": None,
    "ubuntu2004": "ubuntu 20.04",
    "Container-Optimized OS 97": "cos cos-97",
    "Linux Mint 20.3": "linuxmint 20.3",
    "Photon OS 3": "vmware-photon 3.0",
    "Windows Server version 1809": "windows-server 1809-sac",
    "OpenBSD 6.9": "openbsd 6.9",
    "SUSE Linux Enterprise Micro 5.2": "suse-linux-micro 5.2",
}


def test_spellings_mean_their_release(warehouse: Warehouse) -> None:
    found = releases(warehouse, list(SPELLINGS))
    assert {system: found.get(system) for system in SPELLINGS} == SPELLINGS


OF_PLAIN_OPENSTACK = {
    ("ubuntu", "22.04"): ("ubuntu 22.04", "ubuntu 22.04"),
    ("ubuntu", "jammy"): ("ubuntu jammy", "ubuntu 22.04"),
    ("windows", "2012R2"): ("windows 2012 r2", "windows-server 2012-r2"),
    ("centos", "stream9"): ("centos stream 9", "centos-stream 9"),
    ("rhel", "9.4"): ("rhel 9.4", "rhel 9"),
    ("opensuse", "Leap 15.6"): ("opensuse leap 15.6", "opensuse 15.6"),
    ("sles", "15-SP5"): ("sles 15-sp5", "sles 15.5"),
    ("freebsd", "13.2-RELEASE"): ("freebsd 13.2", "freebsd 13.2"),
    ("rocky", "9"): ("rocky 9", "rocky-linux 9"),
    ("arch", None): ("arch", None),
}


def test_system_is_told_from_distribution_and_release_wherever_they_stand(warehouse: Warehouse) -> None:
    releases(warehouse, [])
    for column in ("os_distro", "platform"):
        for number, (distribution, release) in enumerate(OF_PLAIN_OPENSTACK):
            warehouse.execute(
                f"""INSERT INTO image_versions BY NAME SELECT 'c' AS cloud, $id AS id, $distribution AS {column},
                $release AS os_version, 'h' AS content_hash, TIMESTAMP '2026-11-01' AS seen_from, 'r' AS run_from""",
                {"id": f"{column} {number}", "distribution": distribution, "release": release},
            )
    rows = warehouse.execute(
        """SELECT coalesce(images.platform, images.os_distro), images.os_version, images.system, product || ' ' || cycle
        FROM images
        LEFT JOIN system_lifetimes AS lifetimes
            ON lifetimes.os_version = coalesce(images.os_version, '')
            AND lifetimes.platform = coalesce(images.platform, images.os_distro)"""
    ).fetchall()
    assert len(rows) == 2 * len(OF_PLAIN_OPENSTACK)
    assert {row[:2]: row[2:] for row in rows} == OF_PLAIN_OPENSTACK


def test_one_system_has_one_spelling(warehouse: Warehouse) -> None:
    spelled = {
        "Ubuntu 20.04 server 64bit": "ubuntu 20.04",
        "ubuntu2004": "ubuntu 20.04",
        "Debian GNU/Linux 12.0.0 64bit": "debian 12",
        "Red Hat Linux Enterprise 7.9 64bit": "rhel 7.9",
        "SUSE Enterprise 15 SP5 64bit": "sles 15 sp5",
        "CentOS 8 Stream": "centos stream 8",
        "Windows Server 2012 R2 Datacenter 64bit English": "windows 2012 r2",
        "EulerOS 2.10 64bit": "euleros 2.10",
        "Other(64 bit)": "other",
        "": None,
    }
    releases(warehouse, list(spelled))
    assert dict(warehouse.execute("SELECT os_version, system FROM images").fetchall()) == spelled


def test_every_release_cycle_is_found_by_its_own_name(warehouse: Warehouse) -> None:
    cycles = warehouse.execute("SELECT product, cycle FROM end_of_life").fetchall()
    assert len(cycles) == 507
    names = {f"{product.replace('-', ' ')} {cycle}": f"{product} {cycle}" for product, cycle in cycles}
    assert releases(warehouse, list(names)) == names


def test_our_dates_of_another_version_replace_those_in_the_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = "product,cycle,codename,released,ends,extended_ends\nubuntu,20.04,,,{},\n"
    (tmp_path / "spellings.csv").write_text("product,spelling\nubuntu,ubuntu\n")
    monkeypatch.setattr(end_of_life, "_FOLDER", tmp_path)
    with new_warehouse(tmp_path) as warehouse:
        for ends in ("2025-05-31", "2031-01-01"):
            (tmp_path / "end-of-life.csv").write_text(dates.format(ends))
            bring_up_to_date(warehouse, "1")
            assert warehouse.execute("SELECT ends::VARCHAR FROM end_of_life").fetchall() == [(ends,)]


def test_file_of_ones_own_adds_and_corrects(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("product,cycle,ends,spelling\neuleros,2.5,2020-01-01,euler ?os\nubuntu,20.04,2099-01-01,ubuntu\n")
    ask = "SELECT os_version, ends::VARCHAR FROM system_lifetimes ORDER BY 1"
    with new_warehouse(tmp_path) as warehouse:
        systems = ["EulerOS 2.5 64bit", "Ubuntu 20.04"]
        for _ in range(2):
            load_their_dates(warehouse, file)
            bring_up_to_date(warehouse, "0")
            releases(warehouse, systems)
            assert warehouse.execute(ask).fetchall() == [(systems[0], "2020-01-01"), (systems[1], "2099-01-01")]
        load_their_dates(warehouse, None)
        assert warehouse.execute(ask).fetchall() == [("Ubuntu 20.04", "2025-05-31")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("product,cycle\na,1\n", "no column ends"),
        ("product,cycle,ends\na,1,soon\n", "line 2: 'soon' is not a date"),
        ("product,cycle,ends\n,1,true\n", "line 2: product or cycle is empty"),
        ("product,cycle,ends,spelling\na,1,true,(\n", "not a regular expression"),
    ],
)
def test_file_that_cannot_be_used_says_where(tmp_path: Path, warehouse: Warehouse, text: str, said: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_their_dates(warehouse, file)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_their_dates(warehouse, tmp_path / "none.csv")
