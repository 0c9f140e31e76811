"""Takes docs/pages/*.png: the demo's synthetic patients in a real browser, read by the real system.

    python tools/screenshots.py [FOLDER]        # needs the serve extra, Playwright and Debian's chromium

Look at them before you commit them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from boneage.serve.decisions import Choice
from boneage.serve.demo import PASSWORD, USER, demo_settings, fill
from boneage.serve.site import open_site
from boneage.serve.store.records import Role, User
from boneage.serve.store.worklist import Wanted
from boneage.serve.web.app import create_app

FOLDER = Path(__file__).parents[1] / "docs" / "pages"
PATIENCE_MS = 30_000
FOLLOWED = "Abendroth"
DESKTOP, SMALL, TABLET = (1360, 850), (1024, 768), (768, 1024)  # width, height


def _press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _map(page: Page) -> None:
    """Key points and heat map on."""
    _press(page, "oh")
    expect(page.locator("#readout-map")).to_contain_text("Brightest", timeout=PATIENCE_MS)


def _plate(page: Page) -> None:
    """The third plate beside the film."""
    _press(page, "3c")
    page.locator("button.plate").nth(2).scroll_into_view_if_needed()


def _follow_up(page: Page) -> None:
    page.locator("#more-trend").scroll_into_view_if_needed()


@dataclass(frozen=True)
class Shot:
    """One picture. `patient`: whose newest film is opened; None: the worklist."""

    name: str
    size: tuple[int, int]
    patient: str | None = None
    light: bool = False
    show: Callable[[Page], None] = lambda page: None


SHOTS = (
    Shot("worklist", DESKTOP),
    Shot("case", DESKTOP, "Okafor", show=_map),
    Shot("plates", DESKTOP, "Wang", show=_plate),
    Shot("follow-up", DESKTOP, FOLLOWED, light=True, show=_follow_up),
    Shot("refused", SMALL, "Nobody"),
    Shot("tablet", TABLET, "Lindqvist", show=lambda page: _press(page, "o")),
)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no browser: install Debian's package chromium")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            take(browser, address, shot, out)
            sys.stdout.write(f"{out / shot.name}.png\n")
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the demo, all of its films read and their maps made."""
    site = open_site(demo_settings(folder, port=0))
    fill(site)
    while site.worker.step() or site.map_maker.step(lambda: None):
        pass
    for film in site.worklist.page(Wanted(text=FOLLOWED))[0]:  # what is signed is followed up
        assert film.reading_uid is not None
        site.desk.sign(film, Choice(film.reading_uid), User(USER, "Dr. Demo", Role.ADMIN))
    server = uvicorn.Server(uvicorn.Config(create_app(site), port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    site.engine.dispose()


def take(browser: Browser, address: str, shot: Shot, out: Path) -> None:
    """Signs in, opens the film, shows what is to be seen."""
    context = browser.new_context(viewport={"width": shot.size[0], "height": shot.size[1]}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    theme = "light" if shot.light else "dark"
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.goto(f"{address}/worklist")
    page.get_by_label("Name").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#films tr").first).to_be_visible()
    if shot.patient is not None:
        page.locator("#films tr", has_text=shot.patient).first.locator("a").first.click()
        expect(page.locator("#readout-zoom")).to_contain_text("%")
    page.wait_for_load_state("networkidle")
    shot.show(page)
    page.wait_for_timeout(500)  # what moves has come to rest
    page.screenshot(path=out / f"{shot.name}.png")
    context.close()


if __name__ == "__main__":
    main()
