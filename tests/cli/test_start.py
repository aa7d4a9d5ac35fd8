"""What a command imports: half of the time of a short run was modules that it did not use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clouds.accounts import write_settings
from tests.clouds.fake import fake_cloud

pytestmark = pytest.mark.slow

_RUN = """
import json, sys
from cli.main import main
loaded = []
for command in json.loads(sys.argv[1]):
    try:
        main(command, standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            raise
    loaded.append([name for name, module in sys.modules.items() if module])
print(json.dumps(loaded))
"""
_OF_NOBODY = {"prefect", "pandas", "openstack", "keystoneauth1", "requests", "tenacity", "tornado", "rich", "pygments"}
"""Not one of these commands needs them: no login, no failure, no terminal, no Prefect."""


def loaded_after(folder: Path, *commands: list[str]) -> list[set[str]]:
    """The modules that one process has loaded after each of the commands."""
    config = str(folder / "glanceback.toml")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "FORCE_", "TTY_"))}
    configured = [[name, "--config", config, *rest] for name, *rest in commands]
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(configured)],
        cwd=folder, env=clean | {"PREFECT_HOME": str(folder / "prefect")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return [set(names) for names in json.loads(ran.stdout.splitlines()[-1])]


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_commands_import_what_they_use(tmp_path: Path) -> None:
    # DuckDB imports pandas where it finds it: here, in the folder in which the commands run.
    (tmp_path / "pandas.py").write_text("")
    with fake_cloud() as cloud:
        for number in range(3):
            cloud.add(f"image-{number}", "public")
        write_settings(tmp_path, f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "p"')
        (first,) = loaded_after(tmp_path, ["sync"])
        asked, looked, changed = loaded_after(
            tmp_path, ["sql", "SELECT 1"], ["status"], ["sync", "--changes", "--listing", "public"]
        )
    assert not packages(first) & _OF_NOBODY
    assert "pyarrow.compute" in first
    assert not packages(asked) & (_OF_NOBODY | {"httpx", "pyarrow", "anyio", "asyncio"})
    assert not packages(looked) & (_OF_NOBODY | {"httpx", "pyarrow", "anyio", "asyncio"})
    assert not packages(changed) & _OF_NOBODY
    assert not {"pyarrow.compute", "pyarrow.dataset"} & changed


def test_pandas_can_be_imported_beside_our_packages() -> None:
    """Our packages are imported in processes of others too: Dask workers, and flows that a user wrote."""
    code = "import flows.nightly, load.merge, sys; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_image_api_imports_neither_what_reads_clouds_nor_arrow(tmp_path: Path) -> None:
    (helped,) = loaded_after(tmp_path, ["api", "--help"])
    assert not packages(helped) & (_OF_NOBODY | {"httpx", "pyarrow"})
