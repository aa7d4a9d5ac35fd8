"""Looks at a page in Chromium as people do; writes what it saw as JSON.

`look.py CHROMIUM_FOLDER PAGE EMPTY_PAGE SHOTS`: `EMPTY_PAGE` is one without runs; `SHOTS` a folder for pictures.
`look.py CHROMIUM_FOLDER PAGE FILE TIME` only takes a picture of the page's beginning, as it looks then. Run with
the browser tests' own Python.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

VIEWS = {"wide": (1440, 900, "light"), "dark": (1440, 900, "dark"), "telephone": (390, 844, "light")}


def opened(browser: Browser, page_file: str, view: str, seen: dict[str, Any], address: str = "") -> Page:
    width, height, scheme = VIEWS[view]
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
    seen |= {"complaints": [], "requests": [], "dialogs": 0}
    page.on("console", lambda message: seen["complaints"].append(message.text))
    page.on("pageerror", lambda error: seen["complaints"].append(str(error)))
    page.on("request", lambda request: seen["requests"].append(request.url))
    page.on("dialog", lambda dialog: (seen.update(dialogs=seen["dialogs"] + 1), dialog.dismiss()))
    page.goto(Path(page_file).as_uri() + address)
    page.wait_for_selector("html[data-ready]")
    return page


def texts(page: Page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def faults(page: Page) -> list[str]:
    """What axe calls serious."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def open_all(page: Page, is_open: bool) -> None:
    page.evaluate("is_open => document.querySelectorAll('details').forEach(it => { it.open = is_open })", is_open)
    # The event that makes a list is sent later.
    page.evaluate("new Promise(done => setTimeout(done, 0))")


def look(browser: Browser, page_file: str, view: str, shots: Path) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    page = opened(browser, page_file, view, seen)
    open_all(page, True)
    seen["overflow"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    seen["charts"] = page.locator(".chart svg").count()
    seen["axe"] = faults(page)
    page.locator("#images a.image").first.click()
    expect(page.locator("dialog")).to_be_visible()
    seen["axe of an image"] = faults(page)
    seen["overflow of an image"] = page.evaluate(
        "(it => it.scrollWidth - it.clientWidth)(document.querySelector('dialog'))"
    )
    page.keyboard.press("Escape")
    open_all(page, False)
    page.screenshot(path=shots / f"{view}.png", full_page=True)
    return seen


def told(page: Page) -> str:
    return str(page.locator("#images .told").inner_text())


def find(page: Page, words: str, answer: str) -> list[str]:
    """The names of what is found, when the table says `answer`."""
    page.locator("#search").fill(words)
    expect(page.locator("#images .told")).to_have_text(answer)
    return texts(page, "#images tbody td:first-child a.image")


def saved(page: Page, selector: str) -> str:
    with page.expect_download() as waiting:
        page.locator(selector).click()
    return Path(waiting.value.path()).read_text(encoding="utf-8")


def use_table(browser: Browser, page_file: str) -> dict[str, Any]:
    """Search, sort by keyboard, filter by cloud, save."""
    seen: dict[str, Any] = {}
    page = opened(browser, page_file, "wide", seen)
    seen["all"] = told(page)
    seen["names"] = texts(page, "#images tbody td:first-child a.image")
    seen["systems"] = sorted(set(texts(page, "#images tbody td[data-title=System]")))
    seen["ids"] = texts(page, "#images td[data-title=Id]")
    seen["ids past the edge"] = page.evaluate(
        "[...document.querySelectorAll('#images td[data-title=Id]')].filter(it =>"
        " it.getBoundingClientRect().right > innerWidth || it.scrollWidth > it.clientWidth).length"
    )
    seen["table past the edge"] = page.evaluate(
        "(it => it.scrollWidth - it.clientWidth)(document.querySelector('#images .scroll'))"
    )
    page.locator("#images th button", has_text="Size").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    seen["largest"] = texts(page, "#images tbody td:first-child a.image")[0]
    seen["sorted"] = page.locator("#images th[aria-sort=descending]").inner_text()
    seen["by name"] = find(page, "needle", "2 of 248 images")
    seen["by id"] = find(page, "id:offer-2", "1 of 248 images")
    seen["by another spelling"] = find(page, "cafe\u0301", "2 of 248 images")[:1]
    seen["by project"] = find(page, "owner:web-shop", "14 of 248 images")[:1]
    seen["by tag"] = find(page, "tag:golden", "2 of 248 images")
    find(page, "name:golden", "0 of 248 images")
    seen["nothing found"] = texts(page, "#images td.nothing")
    find(page, "name:00", "16 of 248 images")
    page.select_option("#show", "ended")
    expect(page.locator("#images .told")).to_have_text("4 of 6 images")
    seen["ended"] = texts(page, "#images tbody td[data-title=Listings]")
    page.get_by_role("button", name="Clear").click()
    page.select_option("#listing", "private")
    seen["of a listing"] = told(page)
    seen["csv"] = saved(page, "#csv")
    page.get_by_role("button", name="Clear").click()
    seen["cleared"] = told(page)
    page.select_option("#cloud", label="second")
    seen["of second"] = told(page)
    seen["owner"] = page.evaluate(
        "(it => [it.textContent, it.title, it.scrollWidth > it.clientWidth])"
        "(document.querySelector('#images .owner.code'))"
    )
    page.select_option("#theme", label="dark")
    seen["dark"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("input[value=bytes]").check()
    seen["size"] = page.locator("#size h3").inner_text()
    return seen


FORMULAS = [
    "=1",
    "+1",
    "-1",
    "@x",
    "\t=1",
    " =1",
    "\n=1",
    "\uff1d1",
    "|x",
    "%x",
    "a=1",
    "1-2",
    'a "b", c',
    "x\ny",
    None,
    -1.5,
]


def compute(page: Page) -> dict[str, Any]:
    """What the page's own functions answer, and what its charts draw."""
    drawn = """id => drawn.get(id).chart.getOption().series.map(one => [one.name, one.type, one.data])"""
    days = "Array.from({ length: 103 }, (_, day) => dayBefore('2026-11-30', 102 - day))"
    return {
        "cells": page.evaluate("values => values.map(csvCell)", FORMULAS),
        "weeks": page.evaluate(f"perPeriod({days}, [{{ name: 'new', values: Array(103).fill(2) }}])"),
        "days": page.evaluate("perPeriod(['2026-11-30'], [{ name: 'new', values: [5] }])"),
        "events": page.evaluate(drawn, "events"),
        "changed": page.evaluate(drawn, "changed"),
        "parts": page.evaluate(drawn, "parts"),
    }


def use_news(browser: Browser, page_file: str) -> dict[str, Any]:
    """What waits for a decision, what is new, the timeline of an image, and how it is printed."""
    seen: dict[str, Any] = {}
    page = opened(browser, page_file, "wide", seen)
    page.select_option("#cloud", label="c")
    seen["sections"] = texts(page, "main > section:not([hidden]) > h2")
    seen["decisions"] = texts(page, "#decisions > *")
    seen["strip"] = [
        title.split(", ")[2] for title in page.locator(".strip li").evaluate_all("all => all.map(it => it.title)")
    ]
    seen["reasons"] = texts(page, "#runs tbody tr")
    seen["sentence"] = texts(page, "#news-sentence strong")[0]
    seen["groups"] = texts(page, "#news summary")
    page.locator("#since").fill("2026-11-01")
    seen["sentence since the first"] = texts(page, "#news-sentence")[0]
    seen["groups since the first"] = texts(page, "#news summary .title")
    group = page.locator("[data-group='changed description']")
    group.locator("summary").click()
    seen["shown"] = group.locator("[role=status]").inner_text()
    group.get_by_role("button", name="more").click()
    seen["shown after more"] = group.locator("[role=status]").inner_text()
    seen["changes"] = len(texts(page, "[data-group='changed description'] tbody tr"))
    page.locator("[data-group='changed size'] summary").click()
    page.locator("[data-group='changed size'] del").wait_for()
    seen["colours"] = page.evaluate(
        "['del', 'ins'].map(kind =>"
        " getComputedStyle(document.querySelector(`[data-group='changed size'] ${kind}`)).color)"
    )
    seen["judging colours"] = page.evaluate(
        "['good', 'bad'].map(kind => { const it = document.createElement('i'); it.style.color = `var(--${kind})`;"
        " document.body.append(it); return getComputedStyle(it).color; })"
    )
    seen |= compute(page)
    seen["ticks"] = page.locator("#size .chart svg text").all_text_contents()
    page.get_by_role("link", name="image 000", exact=True).last.click()
    expect(page.locator("dialog")).to_be_visible()
    seen["timeline"] = texts(page, ".timeline > li")
    page.evaluate("location.hash = '#image=c/offer'")
    expect(page.locator("dialog h2")).to_have_text("image offer")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("#image="))
    # The image that was open before does not open again.
    seen["open after closing"] = page.locator("dialog").is_visible()
    page.locator(".matter", has_text="support").locator("summary").click()
    page.get_by_role("button", name="centos 7").click()
    seen["without support"] = told(page)
    page.emulate_media(media="print")
    seen["printed"] = [
        selector for selector in (".controls", ".search", "nav", "#csv") if page.locator(selector).first.is_visible()
    ]
    seen["print styles"] = page.evaluate(
        "[getComputedStyle(document.querySelector('.cards')).display,"
        " getComputedStyle(document.querySelector('th')).overflowWrap]"
    )
    page = opened(browser, page_file, "wide", seen, "#image=c/offer")
    seen["linked"] = texts(page, "dialog .timeline > li") + texts(page, "dialog tbody tr")
    page = opened(browser, page_file, "wide", seen, "#image=c/%E0%A4%A")
    seen["linked to nothing"] = page.locator("dialog h2").inner_text()
    return seen


def look_at_nothing(browser: Browser, empty: str, page_file: str, folder: Path) -> dict[str, Any]:
    """A page without a run, others with little in them, and one whose tables are damaged."""
    seen: dict[str, Any] = {}
    page = opened(browser, empty, "wide", seen)
    seen["empty"] = {name: texts(page, f"#{name}")[0] for name in ("decisions", "health", "news", "images")}
    seen["axe"] = faults(page)
    for name in ("bare", "single", "all gone"):
        of_page: dict[str, Any] = {}
        page = opened(browser, str(folder / f"{name}.html"), "wide", of_page)
        of_page |= {part: texts(page, f"#{part}")[0] for part in ("decisions", "runs", "news", "images", "events")}
        of_page["charts"] = page.locator("#charts .chart:visible, #today .chart:visible").count()
        seen[name] = of_page
    of_many: dict[str, Any] = {}
    page = opened(browser, str(folder / "many.html"), "telephone", of_many)
    of_many |= {"clouds": texts(page, "#clouds"), "cards": page.locator(".card").count()}
    of_many["size"] = page.locator("#size figcaption p").inner_text()
    of_many["events"] = page.locator("#events figcaption p").inner_text()
    of_many["overflow"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.select_option("#cloud", label="c-07")
    of_many["parts of one"] = page.locator("#parts h3").inner_text()
    of_many["size of one"] = page.locator("#size figcaption p").inner_text()
    seen["many"] = of_many
    damaged = folder / "damaged.html"
    before, _, after = Path(page_file).read_text(encoding="utf-8").partition('id="packed">')
    damaged.write_text(f'{before}id="packed">AAAA{after}', encoding="utf-8")
    page = browser.new_page()
    page.goto(damaged.as_uri())
    expect(page.locator("#images .notice")).to_be_visible()
    seen["damaged"] = texts(page, "#images")[0]
    seen["health of the damaged"] = len(texts(page, ".card"))
    return seen


def take_picture(browser: Browser, page_file: str, picture: Path, at: str) -> None:
    """The beginning of the page, as it looks at the time `at` (ISO 8601)."""
    page = browser.new_context(viewport={"width": 1280, "height": 1010}, color_scheme="light").new_page()
    page.clock.set_fixed_time(at)
    page.goto(Path(page_file).as_uri())
    page.wait_for_selector("html[data-ready]")
    page.screenshot(path=picture, animations="disabled")


if __name__ == "__main__":
    folder, page_file = Path(sys.argv[1]), sys.argv[2]
    os.environ["LD_LIBRARY_PATH"] = f"{folder / 'lib'}:{folder}"
    arguments = ["--no-sandbox", "--disable-gpu", "--single-process", "--no-zygote"]
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=folder / "chromium", args=arguments)
        if sys.argv[4:] and sys.argv[4].endswith("Z"):
            take_picture(browser, page_file, Path(sys.argv[3]), at=sys.argv[4])
            sys.exit()
        empty, shots = sys.argv[3], Path(sys.argv[4])
        answer = {view: look(browser, page_file, view, shots) for view in VIEWS}
        answer |= {"table": use_table(browser, page_file), "news": use_news(browser, page_file)}
        answer["nothing"] = look_at_nothing(browser, empty, page_file, shots)
        browser.close()
    json.dump(answer, sys.stdout)
