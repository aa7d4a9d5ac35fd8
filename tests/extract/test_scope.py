"""How the clouds of an account are named: each project has one name, whatever it and the others are called."""

from hypothesis import given
from hypothesis import strategies as st

from extract.scope import CloudNames, EarlierCloud, Estate, Project

WEB = Project("1", "web", "default")
OTHER_WEB = Project("2", "web", "other")


def known(name: str, project: str | None, **more: object) -> EarlierCloud:
    return EarlierCloud(name, "prod", "eu", project, **more)  # type: ignore[arg-type]


@given(st.lists(st.text(min_size=1), unique=True, max_size=6), st.sampled_from(["eu", "a/b", None]))
def test_projects_of_different_names_have_clouds_of_different_names(names: list[str], region: str | None) -> None:
    clouds = CloudNames("prod")
    found = [clouds.of(region, Project(str(number), name), has_namesake=False) for number, name in enumerate(names)]
    assert len(set(found)) == len(names)
    assert all(name.isprintable() for name in found)
    assert all("/" not in name.removeprefix(f"prod/{region or 'any'}/") for name in found)


def test_common_names_stand_as_they_are_and_others_are_escaped() -> None:
    named = [
        CloudNames("prod").of("eu", Project("1", name), has_namesake=False).removeprefix("prod/eu/")
        for name in ("web", "my web", "data/lake", "data%2Flake", "two\nlines", "ä'*[")
    ]
    assert named == ["web", "my web", "data%2Flake", "data%252Flake", "two%0Alines", "ä'*["]


def test_namesakes_have_their_domains() -> None:
    clouds = CloudNames("prod")
    assert [clouds.of("eu", one, has_namesake=True) for one in (WEB, OTHER_WEB)] == [
        "prod/eu/web@default", "prod/eu/web@other",
    ]  # fmt: skip
    assert clouds.of("eu", Project("3", "web@other", "default"), has_namesake=False) == "prod/eu/web@other@default"
    assert clouds.of("eu", Project("4", "web@other"), has_namesake=False) == "prod/eu/web@other@4"


def test_known_cloud_keeps_its_name_and_no_other_project_gets_it() -> None:
    clouds = CloudNames("prod", [known("prod/eu/web", "1")])
    assert clouds.of("eu", Project("1", "www", "default"), has_namesake=False) == "prod/eu/web"
    assert clouds.of("nl", WEB, has_namesake=False) == "prod/nl/web", "in another region it is another cloud"
    assert clouds.of("eu", OTHER_WEB, has_namesake=False) == "prod/eu/web@other"
    assert clouds.of("eu", Project("5", "web", "other"), has_namesake=False) == "prod/eu/web@5"
    assert CloudNames("prod", [known("prod/eu/web", "1")]).of("eu", OTHER_WEB, has_namesake=True) == "prod/eu/web@other"


def test_name_of_a_project_that_is_gone_is_not_given_away() -> None:
    clouds = CloudNames("prod", [known("prod/eu/web", "1", is_gone=True)])
    assert clouds.of("eu", Project("9", "web", "default"), has_namesake=False) == "prod/eu/web@default"


def test_of_two_clouds_of_a_project_the_one_that_is_read_goes_on() -> None:
    old, new = known("prod/eu/old", "1", is_gone=True), known("prod/eu/new", "1")
    for order in ([old, new], [new, old]):
        assert CloudNames("prod", order).of("eu", WEB, has_namesake=False) == "prod/eu/new"
    later = [known("prod/eu/first", "1"), known("prod/eu/later", "1")]
    assert CloudNames("prod", later).of("eu", WEB, has_namesake=False) == "prod/eu/later"


def test_cloud_that_was_read_by_a_table_of_its_own_is_taken_over_if_it_is_the_same_project() -> None:
    by_hand = EarlierCloud("prod/eu/web", "prod/eu/web", "eu", "1")
    assert CloudNames("prod", [by_hand]).of("eu", WEB, has_namesake=False) == "prod/eu/web"
    assert CloudNames("prod", [by_hand]).of("eu", OTHER_WEB, has_namesake=False) == "prod/eu/web@other"
    in_settings = [
        EarlierCloud("prod/eu/web", "prod", "eu", "1"),
        EarlierCloud("prod/eu/web", "prod/eu/web", project_id=""),
    ]
    assert CloudNames("prod", in_settings).of("eu", WEB, has_namesake=False) == "prod/eu/web@default"


def test_what_is_named_and_not_there_is_found() -> None:
    estate = Estate(("web", "9", "d*"), (), ("eu", "n*"))
    assert estate.unused([WEB, Project("9", "x")], ["eu"]) == {"d*": "projects", "n*": "regions"}
    assert Estate(("*",), (), None).unused([WEB], []) == {}
