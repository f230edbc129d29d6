"""The panel on a page of Chromium."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Error, Page

from ast_notebook import demo
from tests.lab.asterisk import Asterisk
from tests.support.browser import Server

HOSTILE = "<img src=x onerror=document.title='taken'>"
CONNECT = """
import ast_notebook
from ast_notebook.panel import Panel
sh = ast_notebook.connect({host!r}, {port}, username={username!r}, password={password!r})
sh.load_items({{
    "office": {{
        "fon": {{"type": "bool", "ast_dev": "2222"}},
        "box": {{"type": "num", "ast_box": "22"}},
        "dnd": {{"type": "bool", "ast_db": "dnd/office"}},
        "away": {{"type": "bool", "ast_db": "DND/2222", "ast_db_values": "YES,delete"}},
        "name": {{"type": "str", "value": {hostile!r}}},
    }}
}})
"""
SHOW = "panel = Panel(sh, readonly=False, editable=['office.*'], refresh_hz=5)\npanel"
SIZES = {"narrow": (320, 1400), "notebook": (1280, 1500), "television": (1920, 1080)}


def connect(pbx: Asterisk | demo.Demo) -> str:
    username = pbx.panel if isinstance(pbx, Asterisk) else pbx.username
    return CONNECT.format(
        host=pbx.host, port=pbx.port, username=username, password=pbx.password, hostile=HOSTILE
    )


class Seen:
    """The panel on a page."""

    def __init__(self, page: Page, errors: list[str]) -> None:
        self.page = page
        self.errors = errors
        self.panel = page.locator(".ast-panel").first

    def section(self, name: str) -> Any:
        return self.panel.locator(f".ast-{name}")

    def row(self, section: str, text: str) -> Any:
        return self.section(section).locator("tbody tr[data-key]").filter(has_text=text).first

    def leg(self, device: str) -> Any:
        """The row of a device's channel."""
        return self.section("channels").locator(f"tbody tr:has(th:text-is('{device}'))")

    def lamp(self, device: str) -> Any:
        return self.section("devices").locator(f"li[data-device='{device}']")

    def button(self, row: Any, name: str) -> Any:
        return row.get_by_role("button", name=name)

    def popup(self) -> Any:
        return self.panel.locator(".ast-popup")

    def offers(self, device: str) -> set[str]:
        """What the menu of a device's channel has."""
        self.leg(device).focus()
        self.page.keyboard.press("Enter")
        names = self.popup().get_by_role("menuitem").all_inner_texts()
        self.page.keyboard.press("Escape")
        return {name.rstrip("…") for name in names}

    def choose(self, row: Any, name: str, **fields: str) -> None:
        """Do what the menu of a row offers by that name, with what it asks for."""
        row.focus()
        self.page.keyboard.press("Enter")
        self.popup().get_by_role("menuitem", name=re.compile(f"^{name}")).click()
        for label, value in fields.items():
            self.popup().get_by_label(label.replace("_", " ")).fill(value)
        if self.popup().is_visible():
            self.page.wait_for_timeout(300)  # a double click is no answer
            self.button(self.popup(), name).click()


def is_of_notebook(error: Error) -> bool:
    """Whether it was raised in Notebook's own code, as 7.6 does with any notebook at all."""
    place = (error.stack or "").splitlines()[1:2]
    return bool(place) and "/static/notebook/" in place[0]


def open_page(
    chromium: Browser, server: Server, *, size: str = "notebook", theme: str = "light"
) -> tuple[Page, list[str]]:
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: None if is_of_notebook(error) else errors.append(str(error)))
    server.show(page, theme=theme)
    return page, errors
