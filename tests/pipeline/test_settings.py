"""Where settings come from, and what is wrong with them, in words."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from core.errors import SettingsError
from extract.landing import cloud_folder
from pipeline.settings import chosen_clouds, load_settings


def write(folder: Path, text: str) -> str:
    path = folder / "glanceback.toml"
    path.write_text(text)
    return str(path)


def test_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, 'warehouse = "w.duckdb"\n'), {})
    assert (settings.warehouse, settings.landing) == (tmp_path / "w.duckdb", tmp_path / "data" / "landing")


def test_environment_overrides_the_files_paths(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, ""), {"GLANCEBACK_PUBLISHED": "/elsewhere/p.duckdb"})
    assert settings.published == Path("/elsewhere/p.duckdb")


def test_file_is_found_by_option_then_variable_then_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "[clouds.here]")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    variable, option = write(tmp_path / "a", "[clouds.variable]"), write(tmp_path / "b", "[clouds.option]")
    names = [
        load_settings(config, environment).clouds[0].name
        for config, environment in [
            (None, {}),
            (None, {"GLANCEBACK_CONFIG": variable}),
            (option, {"GLANCEBACK_CONFIG": variable}),
        ]
    ]
    assert names == ["here", "variable", "option"]


def test_os_cloud_alone_is_one_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (cloud,) = load_settings(None, {"OS_CLOUD": "mine"}).clouds
    assert (cloud.name, cloud.os_cloud) == ("mine", "mine")


def test_os_variables_alone_are_one_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (cloud,) = load_settings(None, {"OS_AUTH_URL": "http://k/v3"}).clouds
    assert (cloud.name, cloud.os_cloud) == ("envvars", None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("warehose = 'x'", "warehose"),
        ("[clouds.a]\npage_sise = 3", "page_sise"),
        ("[clouds.a]\npage_size = 0", "page_size"),
        ("[clouds.a]\npage_size = 'many'", "page_size"),
        ("[clouds.a]\ndialect = 'klingon'", "klingon"),
        ("[clouds.a]\nlistings = ['publik']", "publik"),
        ("[clouds.a]\nauth_type = 'none'", "endpoint"),
        ("this is no toml", "not TOML"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert complaint in str(caught.value)
    assert path in str(caught.value)


def test_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"no file nowhere\.toml"):
        load_settings("nowhere.toml", {})


def test_unknown_cloud_and_listing_are_named_with_what_there_is(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "[clouds.a]\n[clouds.b]"), {})
    with pytest.raises(SettingsError, match=r"no cloud 'c'.*a, b"):
        chosen_clouds(settings, ["c"], [])
    with pytest.raises(SettingsError, match=r"no listing 'd'.*public"):
        chosen_clouds(settings, [], ["d"])


def test_no_cloud_at_all_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"OS_CLOUD"):
        chosen_clouds(load_settings(None, {}), [], [])


PLACES = ("warehouse", "published", "landing", "dashboard")


@pytest.mark.parametrize("setting", PLACES)
@pytest.mark.parametrize("text", ["~/g/x", "$HOME/g/x", "${HOME}/g/x"])
def test_home_is_filled_in(tmp_path: Path, setting: str, text: str) -> None:
    config = write(tmp_path, f'{setting} = "{text}"')
    assert getattr(load_settings(config, {"HOME": "/home/me"}), setting) == Path("/home/me/g/x")
    if setting != "dashboard":
        found = load_settings(write(tmp_path, ""), {"HOME": "/home/me", f"GLANCEBACK_{setting.upper()}": text})
        assert getattr(found, setting) == Path("/home/me/g/x")


def test_home_is_filled_in_for_a_lake_and_never_in_a_connection_string(tmp_path: Path) -> None:
    config = write(tmp_path, 'warehouse = "ducklake:sqlite:~/c.sqlite"\nducklake_data = "$HOME/lake"')
    lake = load_settings(config, {"HOME": "/home/me"}).warehouse
    assert (lake.catalogue, lake.data) == ("/home/me/c.sqlite", "/home/me/lake/")  # type: ignore[union-attr]
    lake = load_settings(write(tmp_path, 'warehouse = "ducklake:postgres:dbname=$x~"'), {}).warehouse
    assert lake.catalogue == "dbname=$x~"  # type: ignore[union-attr]


def test_folder_that_an_earlier_version_named_after_home_is_still_used(tmp_path: Path) -> None:
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "w.duckdb").touch()
    settings = load_settings(write(tmp_path, 'warehouse = "~/w.duckdb"'), {"HOME": str(tmp_path / "home")})
    assert settings.warehouse == tmp_path / "~" / "w.duckdb"


@pytest.mark.parametrize("setting", ["warehouse", "published", "landing", "config"])
def test_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {f"GLANCEBACK_{setting.upper()}": ""}) == load_settings(None, {})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *[(f"{setting} = ''", "is empty") for setting in ("warehouse", "published", "landing")],
        *[(f"{setting} = '.'", "which is a folder") for setting in ("warehouse", "published", "dashboard")],
        *[(f"{setting} = 'data/'", "which is a folder") for setting in ("warehouse", "published", "dashboard")],
        *[(f"{setting} = '$NOWHERE/x'", "names $NOWHERE") for setting in ("warehouse", "published")],
        *[(f"{setting} = 'a$'", "a $ that names nothing") for setting in PLACES],
        ("warehouse = '~nobody-of-this-name/x'", "home folder does not exist"),
        (f"published = '{'x' * 241}'", "more than 240 bytes"),
        ("landing = 'glanceback.toml'", "not a folder"),
        ("[clouds.'']", "no name"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_place_that_cannot_be_is_named_before_anything_is_read(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint.replace("$", "[$]")):
        load_settings(write(tmp_path, text), {})


@pytest.mark.parametrize("setting", ["landing", "dashboard", "metrics", "end_of_life", "api_token"])
def test_variable_that_is_not_set_stops_only_who_needs_the_setting(tmp_path: Path, setting: str) -> None:
    config = write(tmp_path, f"{setting} = '$NOWHERE/x'")
    settings = load_settings(config, {})
    advice = "Set it." if setting == "api_token" else "Set it, or write $$ for a dollar."
    assert [str(why) for why in settings.not_set()] == [
        f"{config}: {setting} names $NOWHERE, which is not set. {advice}"
    ]
    with pytest.raises(SettingsError, match=f"{setting} names [$]NOWHERE"):
        getattr(settings, setting)
    assert settings.published == tmp_path / "data" / "published.duckdb"
    assert load_settings(config, {"NOWHERE": "/n"}).not_set() == []


@pytest.mark.parametrize(
    "way", ["w.duckdb", "./a/../w.duckdb", "link/w.duckdb", "symlink", "hardlink", "$HOME/w.duckdb"]
)
@pytest.mark.parametrize("setting", ["published", "dashboard"])
@pytest.mark.parametrize("there", [True, False])
def test_file_that_another_would_overwrite_is_refused(tmp_path: Path, way: str, setting: str, there: bool) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "symlink").symlink_to("w.duckdb")
    if there or way == "hardlink":
        (tmp_path / "w.duckdb").touch()
        (tmp_path / "hardlink").hardlink_to(tmp_path / "w.duckdb")
    with pytest.raises(SettingsError, match="same file"):
        load_settings(write(tmp_path, f"warehouse = 'w.duckdb'\n{setting} = '{way}'"), {"HOME": str(tmp_path)})


def test_pages_and_lake_lie_apart(tmp_path: Path) -> None:
    lake = 'warehouse = "ducklake:sqlite:c"\n'
    for data, landing in (("x", "x"), ("x", "x/y"), ("x/y", "x")):
        with pytest.raises(SettingsError, match="contain one another"):
            load_settings(write(tmp_path, f'{lake}ducklake_data = "{data}"\nlanding = "{landing}"'), {})


def test_what_comes_twice_counts_once(tmp_path: Path) -> None:
    text = "[notify]\nurls = ['json://x', 'json://x']\n[clouds.a]\nlistings = ['public', 'private', 'public']"
    settings = load_settings(write(tmp_path, text), {})
    assert (settings.clouds[0].listings, settings.notify.urls) == (("public", "private"), ("json://x",))


def test_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "glanceback.toml"
    path.write_bytes(b"\xef\xbb\xbf[clouds.a]")
    assert load_settings(str(path), {}).clouds[0].name == "a"
    path.write_bytes("[clouds.a]".encode("utf-16"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings(str(path), {})


def test_empty_text_of_a_cloud_is_as_if_left_out(tmp_path: Path) -> None:
    keys = ("os_cloud", "endpoint", "project_id", "region", "api_version")
    empty = "\n".join(f"{key} = ''" for key in keys)
    assert load_settings(write(tmp_path, f"[clouds.a]\n{empty}"), {}) == load_settings(
        write(tmp_path, "[clouds.a]"), {}
    )


def test_file_without_clouds_leaves_the_environments(tmp_path: Path) -> None:
    config = write(tmp_path, "[notify]\nurls = []")
    (cloud,) = load_settings(config, {"OS_CLOUD": "mine"}).clouds
    assert cloud.name == "mine"
    assert [cloud.name for cloud in load_settings(config, {"OS_AUTH_URL": "http://k/v3"}).clouds] == ["envvars"]
    assert load_settings(write(tmp_path, "[clouds.a]"), {"OS_CLOUD": "mine"}).clouds[0].name == "a"
    with pytest.raises(SettingsError, match="nor does the environment"):
        chosen_clouds(load_settings(write(tmp_path, ""), {}), [], [])


@pytest.mark.parametrize("letter", ["a", "云", "."])
def test_folder_of_a_long_cloud_name_is_none_too_long(tmp_path: Path, letter: str) -> None:
    names = [letter * 300, letter * 299 + "b"]
    folders = {cloud_folder(tmp_path, "run", name) for name in names}
    assert len(folders) == 2
    for folder in folders:
        folder.mkdir(parents=True)
    assert cloud_folder(tmp_path, "run", "云" * 28).name == "%E4%BA%91" * 28


@pytest.mark.parametrize(
    ("data", "landing", "is_refused"),
    [
        ("s3://b/lake", "s3://b/lake", True),
        ("s3://b/lake/", "s3://b/lake/landing", True),
        ("s3://b//lake", "s3://b/lake//landing/", True),
        ("s3://b/landing/lake", "s3://b/landing", True),
        ("s3://b", "s3://b/landing", True),
        ("s3://b/lake", "s3://b/lake-landing", False),
        ("s3://b/lake", "s3://other/lake", False),
        ("s3://b/lake", "b/lake", False),
        ("b/lake", "s3://b/lake", False),
    ],
)
def test_upkeep_of_a_lake_finds_no_landing_among_its_files(
    tmp_path: Path, data: str, landing: str, is_refused: bool
) -> None:
    """It removes what it does not know."""
    text = f'warehouse = "ducklake:sqlite:c.sqlite"\nducklake_data = "{data}"\nlanding = "{landing}"\n'
    with pytest.raises(SettingsError, match="contain one another") if is_refused else nullcontext():
        load_settings(write(tmp_path, text), {})
