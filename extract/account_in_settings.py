"""The account of a cloud without a login whose settings say everything: no entry, no OS_* variables.

openstack.config would find the same, but its import is a tenth of a second of the start. Called by extract.account.
"""

from typing import Any


class AccountInSettings:
    """Answers as openstack.config's region object does."""

    name = "defaults"

    def __init__(self, auth_type: str, endpoint: str | None, region: str | None, interface: str | None) -> None:
        self.config: dict[str, Any] = {
            "auth_type": auth_type,
            "auth": {"endpoint": endpoint},
            "region_name": region or "",
            "interface": interface or "public",
            "verify": True,
            "cacert": None,
            "cert": None,
            "key": None,
        }

    def get_region_name(self, service_type: str) -> str:
        return str(self.config["region_name"])

    def get_interface(self, service_type: str) -> str:
        return str(self.config["interface"])

    def get_endpoint(self, service_type: str) -> str | None:
        """The endpoint of every service, if there is no login at all."""
        endpoint = self.config["auth"]["endpoint"]
        return str(endpoint) if endpoint and self.config["auth_type"] == "none" else None

    def get_requests_verify_args(self) -> tuple[bool | str | None, str | tuple[str, str] | None]:
        """Certificates are verified, and there is no client certificate."""
        return self.config["verify"], self.config["cert"]
