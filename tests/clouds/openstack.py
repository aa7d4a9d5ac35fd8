"""A real Keystone and a real Glance on loopback, for the tests and for recording the sample.

Two projects, alpha and beta, each with a member of its own, and admin with its administrator. Both services keep their
data in SQLite files in one folder and are ended by process id.
"""

import os
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

REGION = "RegionOne"
_START_SECONDS = 300.0
_ADMIN_PASSWORD = "admin-password"
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Project:
    """A project and the user who works in it."""

    id: str
    name: str
    user: str
    password: str


@dataclass(slots=True)
class OpenStackCloud:
    """A running cloud. URLs have no trailing slash; `keystone_url` ends in /v3."""

    keystone_url: str
    glance_url: str
    folder: Path
    projects: dict[str, Project] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def glance_database(self) -> Path:
        return self.folder / "glance.sqlite"

    def token(self, project: str) -> str:
        """A token of the project's user, the same each time."""
        if project not in self._tokens:
            self._tokens[project] = self._log_in(self.projects[project])
        return self._tokens[project]

    def client(self, project: str) -> httpx.Client:
        """A client of the image service, logged in."""
        return httpx.Client(base_url=self.glance_url, headers={"X-Auth-Token": self.token(project)}, timeout=60)

    def create_image(self, project: str, **attributes: Any) -> dict[str, Any]:
        """Create an image as the project; what the API answers."""
        with self.client(project) as client:
            answer = client.post("/v2/images", json={"disk_format": "raw", "container_format": "bare", **attributes})
            return _json(answer, 201)

    def change_image(self, project: str, identity: str, **attributes: Any) -> dict[str, Any]:
        """Set attributes of an image, known to it or not."""
        patch = [{"op": "add", "path": f"/{name}", "value": value} for name, value in attributes.items()]
        with self.client(project) as client:
            answer = client.patch(
                f"/v2/images/{identity}",
                content=httpx.Request("PATCH", "http://x", json=patch).content,
                headers={"Content-Type": "application/openstack-images-v2.1-json-patch"},
            )
            return _json(answer, 200)

    def delete_image(self, project: str, identity: str) -> None:
        with self.client(project) as client:
            _json(client.delete(f"/v2/images/{identity}"), 204)

    def share(self, owner: str, identity: str, receiver: str, status: str | None = None) -> None:
        """Share an image, and let the receiver answer `accepted`, `rejected` or, with None, nothing."""
        member = self.projects[receiver].id
        with self.client(owner) as client:
            _json(client.post(f"/v2/images/{identity}/members", json={"member": member}), 200)
        if status is not None:
            self.answer_share(receiver, identity, status)

    def withdraw_share(self, owner: str, identity: str, receiver: str) -> None:
        """The owner takes the share back."""
        with self.client(owner) as client:
            client.delete(f"/v2/images/{identity}/members/{self.projects[receiver].id}").raise_for_status()

    def answer_share(self, receiver: str, identity: str, status: str) -> None:
        member = self.projects[receiver].id
        with self.client(receiver) as client:
            _json(client.put(f"/v2/images/{identity}/members/{member}", json={"status": status}), 200)

    def list_images(self, project: str, **query: str) -> list[dict[str, Any]]:
        """All images of a listing, by following `next` as any client would."""
        images: list[dict[str, Any]] = []
        with self.client(project) as client:
            answer = _json(client.get("/v2/images", params=query), 200)
            images += answer["images"]
            while "next" in answer:
                answer = _json(client.get(answer["next"]), 200)
                images += answer["images"]
        return images

    def create_projects(self, names: Sequence[str], user: Project, domain: str = "default") -> dict[str, str]:
        """Projects in which this user has the role `member`, with their ids."""
        made = {}
        for name in names:
            described = {"project": {"name": name, "domain_id": domain}}
            made[name] = self.identity("POST", "/projects", described)["project"]["id"]
            self.set_role(made[name], user)
        return made

    def set_role(self, project_id: str, user: Project, *, has_role: bool = True) -> None:
        """Give the user the role `member` in the project, or take it."""
        (role,) = self.identity("GET", "/roles?name=member", status=200)["roles"]
        (account,) = self.identity("GET", f"/users?name={user.user}", status=200)["users"]
        path = f"/projects/{project_id}/users/{account['id']}/roles/{role['id']}"
        self.identity("PUT" if has_role else "DELETE", path, status=204)

    def identity(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, status: int = 201
    ) -> dict[str, Any]:
        """What Keystone answers its administrator."""
        with httpx.Client(headers={"X-Auth-Token": self.token("admin")}, timeout=60) as client:
            return _json(client.request(method, self.keystone_url + path, json=body), status)

    def token_in(self, project_id: str, user: Project) -> str:
        """A token of the user in another of the user's projects."""
        who = {"name": user.user, "password": user.password, "domain": {"id": "default"}}
        identity = {"methods": ["password"], "password": {"user": who}}
        body = {"auth": {"identity": identity, "scope": {"project": {"id": project_id}}}}
        answer = httpx.post(f"{self.keystone_url}/auth/tokens", json=body, timeout=60)
        _json(answer, 201)
        return answer.headers["X-Subject-Token"]

    def _log_in(self, project: Project) -> str:
        domain = {"id": "default"}
        user = {"name": project.user, "password": project.password, "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": project.name, "domain": domain}},
            }
        }
        answer = httpx.post(f"{self.keystone_url}/auth/tokens", json=body, timeout=60)
        _json(answer, 201)
        return answer.headers["X-Subject-Token"]


@contextmanager
def openstack_cloud(folder: Path, *, largest_page: int = 1000) -> Iterator[OpenStackCloud]:
    """Keystone and Glance, running until the block is left. `largest_page` is Glance's own bound, in images."""
    bin_folder = clouds_python().parent
    folder.mkdir(parents=True, exist_ok=True)
    keystone_port, glance_port = free_port(), free_port()
    cloud = OpenStackCloud(f"http://127.0.0.1:{keystone_port}/v3", f"http://127.0.0.1:{glance_port}", folder)
    _configure_keystone(folder)
    _configure_glance(folder, bin_folder, keystone_port, largest_page)
    keystone_conf = str(folder / "keystone.conf")
    manage = [str(bin_folder / "keystone-manage"), "--config-file", keystone_conf]
    with (folder / "glance-manage.log").open("wb") as log:
        glance_sync = subprocess.Popen(
            [bin_folder / "glance-manage", "--config-file", folder / "glance-api.conf", "db_sync"],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    bootstrap = ["bootstrap", "--bootstrap-password", _ADMIN_PASSWORD, "--bootstrap-region-id", REGION]
    for interface in ("public", "internal", "admin"):
        bootstrap += [f"--bootstrap-{interface}-url", cloud.keystone_url]
    for step in (["db_sync"], bootstrap):
        _run([*manage, *step], folder / "keystone-manage.log")
    if glance_sync.wait() != 0:
        raise RuntimeError(f"glance-manage failed: {_tail(folder / 'glance-manage.log')}")
    services = [
        _serve("keystone", keystone_port, folder, {"OS_KEYSTONE_CONFIG_FILES": keystone_conf}),
        _serve("glance", glance_port, folder, {"OS_GLANCE_CONFIG_DIR": str(folder)}),
    ]
    try:
        _wait_for(f"{cloud.keystone_url}/", services[0], folder / "keystone.log")
        _wait_for(f"{cloud.glance_url}/", services[1], folder / "glance.log")
        _furnish(cloud)
        yield cloud
    finally:
        for service in services:
            service.terminate()
        for service in services:
            try:
                service.wait(10)
            except subprocess.TimeoutExpired:
                service.kill()


@dataclass(slots=True)
class Region:
    """A Glance of its own, at the same Keystone. What Keystone said of a token counts for a second there."""

    url: str
    folder: Path
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        port = int(self.url.rpartition(":")[2])
        self._process = _serve("glance", port, self.folder, {"OS_GLANCE_CONFIG_DIR": str(self.folder)})
        _wait_for(f"{self.url}/", self._process, self.folder / "glance.log")

    def kill(self) -> None:
        """End it at once, in the middle of what it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def another_region(cloud: OpenStackCloud, folder: Path, name: str) -> Iterator[Region]:
    """Another running Glance with the same Keystone, as a region of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    bin_folder = clouds_python().parent
    keystone_port = int(cloud.keystone_url.removesuffix("/v3").rpartition(":")[2])
    _configure_glance(folder, bin_folder, keystone_port, largest_page=1000, tokens_seconds=1)
    _run(
        [str(bin_folder / "glance-manage"), "--config-file", str(folder / "glance-api.conf"), "db_sync"],
        folder / "glance-manage.log",
    )
    region = Region(f"http://127.0.0.1:{free_port()}", folder)
    try:
        region.start()
        cloud.identity("POST", "/regions", {"region": {"id": name}})
        (service,) = cloud.identity("GET", "/services?type=image", status=200)["services"]
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service["id"], "interface": interface, "url": region.url, "region": name}
            cloud.identity("POST", "/endpoints", {"endpoint": endpoint})
        yield region
    finally:
        region.kill()


def clouds_python() -> Path:
    """The interpreter that has Keystone and Glance. Raises: RuntimeError where there is none; it is never skipped."""
    python = Path(os.environ.get("GLANCEBACK_TEST_CLOUDS_PYTHON", _REPOSITORY / ".venv-clouds" / "bin" / "python"))
    if not python.exists():
        raise RuntimeError(f"no Keystone and Glance at {python}: `make test` installs them")
    return python


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _configure_keystone(folder: Path) -> None:
    (folder / "keystone.conf").write_text(
        f"""[database]
connection = sqlite:///{folder}/keystone.sqlite
[fernet_tokens]
key_repository = {folder}/fernet-keys
[fernet_receipts]
key_repository = {folder}/fernet-keys
[credential]
key_repository = {folder}/credential-keys
[identity]
password_hash_rounds = 4
"""
    )
    for name in ("fernet-keys", "credential-keys"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        for number in (0, 1):
            # As keystone-manage's fernet_setup and credential_setup make them, in four seconds each.
            key = folder / name / str(number)
            key.write_bytes(urlsafe_b64encode(os.urandom(32)))
            key.chmod(0o600)


def _configure_glance(
    folder: Path, bin_folder: Path, keystone_port: int, largest_page: int, *, tokens_seconds: int = 300
) -> None:
    images = folder / "images"
    images.mkdir(exist_ok=True)
    paste = bin_folder.parent / "etc" / "glance" / "glance-api-paste.ini"
    (folder / "glance-api-paste.ini").write_text(paste.read_text())
    keystone = f"http://127.0.0.1:{keystone_port}"
    (folder / "glance-api.conf").write_text(
        f"""[DEFAULT]
limit_param_default = 25
api_limit_max = {largest_page}
[database]
connection = sqlite:///{folder}/glance.sqlite
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {images}
[keystone_authtoken]
auth_type = password
auth_url = {keystone}
www_authenticate_uri = {keystone}
username = admin
password = {_ADMIN_PASSWORD}
project_name = admin
user_domain_id = default
project_domain_id = default
token_cache_time = {tokens_seconds}
[paste_deploy]
flavor = keystone
config_file = {folder}/glance-api-paste.ini
[oslo_policy]
policy_file = {folder}/policy.yaml
"""
    )
    (folder / "policy.yaml").write_text('"communitize_image": ""\n')


def _furnish(cloud: OpenStackCloud) -> None:
    """The projects with their users, and Glance in the service catalogue."""
    admin = Project("", "admin", "admin", _ADMIN_PASSWORD)
    cloud.projects["admin"] = admin
    with httpx.Client(headers={"X-Auth-Token": cloud.token("admin")}, timeout=60) as client:

        def ask(method: str, path: str, body: Mapping[str, Any] | None = None, status: int = 201) -> dict[str, Any]:
            return _json(client.request(method, cloud.keystone_url + path, json=body), status)

        projects = {project["name"]: project["id"] for project in ask("GET", "/projects", status=200)["projects"]}
        cloud.projects["admin"] = Project(projects["admin"], "admin", "admin", _ADMIN_PASSWORD)
        roles = {role["name"]: role["id"] for role in ask("GET", "/roles", status=200)["roles"]}
        service = ask("POST", "/services", {"service": {"type": "image", "name": "glance"}})["service"]
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service["id"], "interface": interface, "url": cloud.glance_url, "region": REGION}
            ask("POST", "/endpoints", {"endpoint": endpoint})
        for name in ("alpha", "beta"):
            user = Project("", name, f"{name}-user", f"{name}-password")
            described = {"project": {"name": name, "domain_id": "default"}}
            project_id = ask("POST", "/projects", described)["project"]["id"]
            account = {"name": user.user, "password": user.password, "domain_id": "default"}
            user_id = ask("POST", "/users", {"user": account})["user"]["id"]
            ask("PUT", f"/projects/{project_id}/users/{user_id}/roles/{roles['member']}", status=204)
            cloud.projects[name] = Project(project_id, name, user.user, user.password)


def _serve(service: str, port: int, folder: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    with (folder / f"{service}.log").open("wb") as log:
        return subprocess.Popen(
            # -P: this folder stays off the path, for its openstack.py would stand before the package of that name.
            [clouds_python(), "-P", Path(__file__).with_name("serve.py"), service, str(port)],
            cwd=folder,
            env={**_plain_environment(), **environment},
            stdout=log,
            stderr=log,
        )


def _wait_for(url: str, service: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} does not answer: {_tail(log)}")


def _run(command: Sequence[str], log: Path) -> None:
    with log.open("ab") as output:
        if subprocess.run(command, stdout=output, stderr=output, env=_plain_environment(), check=False).returncode:
            raise RuntimeError(f"{command[0]} failed: {_tail(log)}")


def _plain_environment() -> dict[str, str]:
    """The environment without OpenStack variables, which the services would take for their own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OS_")}


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else "no log"


def _json(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text[:500]}")
    return dict(answer.json()) if answer.content else {}
