"""The report in a browser: in both themes, at each width, on paper, and read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ast_notebook.calls import agent_pauses, agent_sessions, calls, charts, visits
from ast_notebook.calls.report import Report
from ast_notebook.demo.week import week
from tests.support import browser
from tests.support.browser import Server
from tests.support.paths import SCREENSHOTS

A4 = 794  # pixels of 210 mm, which are 96 to an inch
MARGIN = 53  # 14 mm
#: The ink of pictures.
DARK_INK, LIGHT_INK = (0x4A, 0x52, 0x5C), (0xB9, 0xC1, 0xCB)
#: Boxes whose content is wider than they are, so that it is cut off or has to be scrolled.
TOO_WIDE = """() => [...document.querySelectorAll('.ast-report *')]
    .filter(one => getComputedStyle(one).display != 'inline')
    .filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 200))"""
COLUMNS = """() => new Set([...document.querySelectorAll('.ast-columns section')]
    .map(one => Math.round(one.getBoundingClientRect().left))).size"""


@pytest.fixture(scope="module")
def report() -> Report:
    events = week()
    return Report(
        calls(events, trunks=["provider"]),
        visits(events),
        sessions=agent_sessions(events),
        pauses=agent_pauses(events),
        since="2026-11-18",
        against="2d",
        until="2026-11-19",
        tz="Europe/Berlin",
        title="Calls of Berlin",
    )


@pytest.fixture(scope="module")
def place(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report.save(tmp_path_factory.mktemp("report") / "page.html").as_uri()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser, place: str) -> Iterator[Page]:
    shown = chromium.new_page(color_scheme=request.param, viewport={"width": 1400, "height": 900})
    shown.goto(place)
    yield shown
    SCREENSHOTS.mkdir(exist_ok=True)
    shown.screenshot(path=SCREENSHOTS / f"report-{request.param}.png", full_page=True)
    shown.close()


def test_the_audit_of_the_page_finds_nothing(page: Page) -> None:
    page.evaluate(browser.axe())
    found = page.evaluate("() => axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20


def test_there_are_two_columns_where_there_is_room_and_nothing_is_cut_off(page: Page) -> None:
    assert page.evaluate(COLUMNS) == 2
    assert page.evaluate(TOO_WIDE) == []
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.evaluate(COLUMNS) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert page.evaluate(TOO_WIDE) == []
    # The letters of 8 points in the pictures are at least 9 pixels, in two columns and in one.
    for width in (700, 1010):
        page.set_viewport_size({"width": width, "height": 900})
        least = page.evaluate("Math.min(...[...document.images].map(one => one.width))")
        assert least / (charts.WIDTH * 96) * 8 * 96 / 72 >= 9


def test_paper_is_white_and_as_wide_as_the_page(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4 - 2 * MARGIN, "height": 1000})
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(22, 25, 29)"
    )
    assert page.evaluate(TOO_WIDE) == []
    kept = page.evaluate(
        "() => [...document.querySelectorAll('section, tr, dl > div')]"
        ".every(one => getComputedStyle(one).breakInside == 'avoid')"
    )
    assert kept


CELL = """
from ast_notebook.calls import calls, visits
from ast_notebook.calls.report import Report
from ast_notebook.demo.week import week
events = week()
Report(calls(events, trunks=["provider"]), visits(events), tz="Europe/Berlin", title="Week")
"""


def test_jupyterlab_does_not_put_it_out_of_order_and_gives_it_its_dark_theme(
    chromium: Browser,
) -> None:
    with Server("lab", [CELL]) as server:
        shown = chromium.new_page(viewport={"width": 1400, "height": 2400})
        server.show(shown, theme="dark")
        expect(shown.locator(".ast-report img")).to_have_count(5, timeout=90_000)
        shown.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
        SCREENSHOTS.mkdir(exist_ok=True)
        shown.screenshot(path=SCREENSHOTS / "report-lab.png")
        style = (
            "([name, of]) => getComputedStyle(document.querySelector('.ast-report ' + of))[name]"
        )
        assert shown.evaluate(style, ["color", ".ast-value"]) == "rgb(236, 238, 240)"
        assert shown.evaluate(style, ["float", "dt"]) == "none"
        assert shown.evaluate(style, ["marginLeft", "dd"]) == "0px"
        assert shown.evaluate(style, ["tableLayout", "table"]) == "auto"
        assert shown.evaluate(TOO_WIDE) == []
        assert shown.evaluate(COLUMNS) == 2
        shown.evaluate(browser.axe())
        found = shown.evaluate("() => axe.run('.ast-report')")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        shown.close()


@pytest.mark.parametrize(
    ("light", "ink"), [("true", "rgb(22, 25, 29)"), ("false", "rgb(236, 238, 240)")]
)
def test_in_a_notebook_the_theme_of_jupyter_counts_and_not_that_of_the_system(
    chromium: Browser, report: Report, tmp_path: Path, light: str, ink: str
) -> None:
    cell = tmp_path / "cell.html"
    cell.write_text(
        f'<!doctype html><body data-jp-theme-light="{light}">{report._repr_html_()}</body>',
        encoding="utf-8",
    )
    other = "dark" if light == "true" else "light"
    shown = chromium.new_page(color_scheme=other)  # type: ignore[arg-type]
    shown.goto(cell.as_uri())
    assert shown.evaluate("getComputedStyle(document.querySelector('.ast-value')).color") == ink
    # The picture follows the theme, too: its ink is dark for white pages, and light for black ones.
    shown.locator("img").first.screenshot(path=tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        colours = {one for _, one in picture.convert("RGB").getcolors(1 << 24) or []}
    assert (LIGHT_INK in colours, DARK_INK in colours) == (light == "false", light == "true")
    shown.close()
