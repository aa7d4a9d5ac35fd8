"""`glanceback check`: logs in, sends each kind of request that a run sends, and says what works and what does not."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import click

from cli import exit_codes
from cli.cloud_check import CloudCheck
from cli.console import Screen, stdout_console
from cli.demo_settings import must_not_be_the_demos
from cli.display import printable, table
from cli.options import cloud_option, config_option
from core import storage
from core.errors import GlancebackError, SettingsError
from core.wording import counted
from extract.account import CloudSettings
from extract.estate import AccountClouds, clouds_of
from extract.scope import EarlierCloud
from load.published import ask as ask_published
from load.statements import statement
from pipeline.estates import named_in
from pipeline.notices import send, trial
from pipeline.paths import NotSet
from pipeline.settings import Settings, chosen_clouds, load_settings


@click.command
@cloud_option
@click.option("--notify", is_flag=True, help="Send a test notice to the URLs of [notify] too.")
@config_option
def check(clouds: tuple[str, ...], notify: bool, config: str | None) -> None:
    """Log in to each cloud, and say what a run would read and which problems it would meet."""
    sys.exit(check_clouds(config, clouds, stdout_console(), notify=notify))


def check_clouds(config: str | None, clouds: Sequence[str], console: Screen, *, notify: bool = False) -> int:
    """Check each cloud. Return 0 if all is well, 1 if there is a problem, 2 if the settings are wrong.

    `notify`: send a test notice too.
    """
    settings = load_settings(config)
    must_not_be_the_demos(settings.source)
    code = 0
    for cloud in chosen_clouds(settings, clouds, ()):
        to_ask = [cloud]
        if cloud.estate is not None:
            account = clouds_of(cloud, _earlier_clouds(settings))
            to_ask = _shown(account, cloud.name, console)
            code = max(code, _say_unused(account, console))
        for one in to_ask:
            console.print(f"cloud {printable(one.name)}", style="bold", highlight=False, markup=False)
            code = max(code, CloudCheck(one, console).run(_remembered_dialect(settings, one.name)))
    for why in settings.not_set():
        _problem(str(why), console)
        code = exit_codes.WRONG_USAGE
    if not isinstance(settings.given_landing, NotSet):
        code = max(code, _try_landing(settings, console))
    if notify:
        code = max(code, _try_notices(settings, console))
    console.print(f"warehouse {settings.warehouse}, settings from {settings.source}", highlight=False, soft_wrap=True)
    return code


def _shown(account: AccountClouds, name: str, console: Screen) -> list[CloudSettings]:
    """Print the account's clouds; return those to ask: the first of each region."""
    clouds = account.clouds
    regions = list(dict.fromkeys(one.region for one in clouds))
    projects = {one.scope.project.id for one in clouds if one.scope}
    console.print(
        f"cloud {printable(name)}: {counted(len(clouds), 'cloud')} would be read: {counted(len(projects), 'project')} "
        f"in {counted(len(regions), 'region')}",
        style="bold", highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    rows = [(one.name, one.region, one.scope.project.name, one.scope.project.id) for one in clouds if one.scope]
    table(("cloud", "region", "project", "project_id"), rows, console)
    return [next(one for one in clouds if one.region == region) for region in regions]


def _say_unused(account: AccountClouds, console: Screen) -> int:
    """Say which projects and regions of the settings the account does not have. Return 1 if there are some, else 0."""
    for unused in account.unused:
        _problem(unused, console)
    return 1 if account.unused else 0


def _earlier_clouds(settings: Settings) -> list[EarlierCloud]:
    """The clouds of earlier runs and of the settings. From the published copy, because it is never locked."""
    known: list[EarlierCloud] = []
    with suppress(GlancebackError):
        answer = ask_published(settings.published, statement("reading", "earlier_clouds").text)
        known = [EarlierCloud(*row) for row in answer.rows()]
    return [*known, *named_in(settings.clouds)]


def _try_landing(settings: Settings, console: Screen) -> int:
    """Write, read and remove a small file in landing. Return 0 if that works, else 1."""
    try:
        storage.try_out(settings.landing)
    except OSError as exc:
        reason, advice = storage.reason(exc), storage.advice(settings.landing)
        _problem(f"landing {settings.landing} cannot be used ({reason}). {advice}", console)
        return 1
    console.print(f"landing {settings.landing}: can be written, read and removed", highlight=False, soft_wrap=True)
    return 0


def _problem(what: str, console: Screen) -> None:
    console.print(f"PROBLEM: {printable(what)}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _remembered_dialect(settings: Settings, cloud: str) -> str | None:
    """The dialect of the last run, or None. From the published copy, because it is never locked."""
    query = statement("reading", "remembered_dialect").text
    try:
        return next((row[0] for row in ask_published(settings.published, query, {"cloud": cloud}).rows()), None)
    except GlancebackError:
        return None


def _try_notices(settings: Settings, console: Screen) -> int:
    if not settings.notify.urls and not settings.notify.not_set:
        raise SettingsError(f"{settings.source} has no urls in [notify]", "docs/operating.md shows how to write them.")
    if not send([trial()], replace(settings.notify, on=("failure",))):
        console.print("notices     could not be sent to all URLs of [notify]: look at each of them", style="yellow")
        return 1
    console.print(f"notices     a test notice went to {counted(len(settings.notify.urls), 'URL')}", highlight=False)
    return 0
