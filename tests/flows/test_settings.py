"""Where settings come from, and what is wrong with them, in words."""

from pathlib import Path

import pytest

from extract.errors import SettingsError
from flows.settings import chosen_clouds, load_settings


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
