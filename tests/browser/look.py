"""Looks at a page in Chromium as people do; writes what it saw as JSON: `look.py CHROMIUM_FOLDER PAGE SHOTS`.

`look.py CHROMIUM_FOLDER PAGE FILE TIME` only takes a picture of the page's beginning, as it looks then. Run with
the browser tests' own Python.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

VIEWS = {"wide": (1280, 900, "light"), "dark": (1280, 900, "dark"), "telephone": (390, 844, "light")}


def opened(browser: Browser, page_file: str, view: str, seen: dict[str, Any]) -> Page:
    width, height, scheme = VIEWS[view]
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
    seen |= {"complaints": [], "requests": [], "dialogs": 0}
    page.on("console", lambda message: seen["complaints"].append(message.text))
    page.on("pageerror", lambda error: seen["complaints"].append(str(error)))
    page.on("request", lambda request: seen["requests"].append(request.url))
    page.on("dialog", lambda dialog: (seen.update(dialogs=seen["dialogs"] + 1), dialog.dismiss()))
    page.goto(Path(page_file).as_uri())
    page.wait_for_selector("#images table")
    return page


def look(browser: Browser, page_file: str, view: str, shots: Path) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    page = opened(browser, page_file, view, seen)
    for details in page.locator("details").all():
        details.evaluate("it => it.open = true")
    seen["overflow"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    seen["charts"] = page.locator(".chart svg").count()
    found = Axe().run(page).response["violations"]
    seen["axe"] = [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")
    ]
    for details in page.locator("details").all():
        details.evaluate("it => it.open = false")
    page.screenshot(path=shots / f"{view}.png", full_page=True)
    return seen


def use(browser: Browser, page_file: str) -> dict[str, Any]:
    """Search, sort by keyboard, filter by cloud, change colours."""
    seen: dict[str, Any] = {}
    page = opened(browser, page_file, "wide", seen)

    def names() -> list[str]:
        return list(page.locator("#images tbody tr td:first-child").all_inner_texts())

    def told() -> str:
        return str(page.locator("#images [role=status]").inner_text())

    seen["all"] = told()
    seen["names"] = names()
    page.locator("#images th button", has_text="Size").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    seen["largest"] = names()[0]
    seen["sorted"] = page.locator("#images th[aria-sort=descending]").inner_text()
    page.locator("#search").fill("needle")
    expect(page.locator("#images [role=status]")).to_have_text("2 of 240 images")
    seen["found"] = names()
    page.locator("#search").fill("")
    expect(page.locator("#images [role=status]")).to_have_text("240 of 240 images")
    page.select_option("#cloud", label="second")
    seen["of_second"] = told()
    page.select_option("#theme", label="dark")
    seen["dark"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("input[value=bytes]").check()
    seen["size"] = page.locator("#size h3").inner_text()
    return seen


def take_picture(browser: Browser, page_file: str, picture: Path, at: str) -> None:
    """The beginning of the page, as it looks at the time `at` (ISO 8601)."""
    page = browser.new_context(viewport={"width": 1280, "height": 1010}, color_scheme="light").new_page()
    page.clock.set_fixed_time(at)
    page.goto(Path(page_file).as_uri())
    page.wait_for_selector("#images table")
    page.screenshot(path=picture, animations="disabled")


if __name__ == "__main__":
    folder, page_file, shots = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    os.environ["LD_LIBRARY_PATH"] = f"{folder / 'lib'}:{folder}"
    arguments = ["--no-sandbox", "--disable-gpu", "--single-process", "--no-zygote"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=folder / "chromium", args=arguments)
        if sys.argv[4:]:
            take_picture(browser, page_file, shots, at=sys.argv[4])
            sys.exit()
        answer = {view: look(browser, page_file, view, shots) for view in VIEWS} | {"use": use(browser, page_file)}
        browser.close()
    json.dump(answer, sys.stdout)
