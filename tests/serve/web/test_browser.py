"""A real browser walks the page: sign in, upload, read, change, sign, amend, fetch the reports. The real system, phantoms."""

from __future__ import annotations

import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from boneage.phantom import draw, write_dicom, write_png
from boneage.report.language import Language
from boneage.serve.settings import Settings
from boneage.serve.site import Site, open_site
from boneage.serve.store.records import Role, User
from boneage.serve.web.app import create_app
from boneage.types import Sex

uvicorn = pytest.importorskip("uvicorn", reason="needs the serve extra: make test EXTRAS=serve")
playwright = pytest.importorskip("playwright.sync_api", reason="needs the dev extra: playwright drives the browser")

NAME, PASSWORD = "reader", "a long enough password"
PATIENCE_MS = 120_000  # the runner may be slow; nothing here asserts a time


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no browser here: install Debian's package chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """Of the service, in threads of this process, with one worker."""
    site = open_site(settings)
    site.accounts.add(User(NAME, "Dr. Reader", Role.READER), PASSWORD, actor="test")
    server = uvicorn.Server(uvicorn.Config(create_app(site), port=0, log_level="warning", access_log=False))
    stop = threading.Event()
    threads = [threading.Thread(target=server.run), threading.Thread(target=_work, args=(site, stop))]
    for thread in threads:
        thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    stop.set()
    for thread in threads:
        thread.join()
    site.engine.dispose()


def _work(site: Site, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        if not site.worker.step():
            site.map_maker.step(site.worker.step)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A DICOM film, a PNG, and a PNG that shows no hand."""
    folder = tmp_path_factory.mktemp("films")
    hand = draw(118, Sex.MALE, seed=21, size=(900, 690))
    dicom = write_dicom(hand, folder / "IM0001.dcm", chronological_age_months=121)
    png = write_png(draw(100, Sex.FEMALE, seed=22, size=(900, 690)), folder / "hand.png")
    other = write_png(draw(100, Sex.FEMALE, seed=23, size=(900, 690)), folder / "whole.png")
    cut = folder / "no hand.png"
    _corner(other, cut)
    return dicom, png, cut


def _corner(whole: Path, cut: Path) -> None:
    """Of a film, where no hand is."""
    import cv2

    picture = cv2.imread(str(whole), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(cut), picture[:220, :180])


def test_a_reader_walks_through_it(browser: Any, address: str, films: tuple[Path, Path, Path]) -> None:
    expect = playwright.expect
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if "Content Security Policy" in line.text else None)

    # sign in
    page.goto(f"{address}/worklist")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong name or password")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No films here")).to_be_visible()

    # three films: the DICOM one goes at once, the pictures wait for the sex
    page.keyboard.press("u")
    page.locator("#upload-files").set_input_files([str(film) for film in films])
    expect(page.locator("#upload-list li.good")).to_have_count(1)
    for row in page.locator("#upload-list li:not(.good)").all():
        row.get_by_label("Sex").select_option("female")
    page.get_by_role("button", name="Send 2").click()
    expect(page.locator("#upload-list li.good")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator('#films tr[data-state="read"]')).to_have_count(2)
    expect(page.locator('#films tr[data-state="refused"]')).to_have_count(1)
    expect(page.locator('#films tr[data-state="refused"]')).to_contain_text("No single hand was found")

    # read: by keys to the DICOM film, which came first and so stands last
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#hero")).to_have_text(re.compile(r"\d+ years?"))
    system = page.locator("#decide").get_attribute("data-system")
    assert system is not None
    expect(page.locator("#readout-zoom")).to_contain_text("%")
    assert _is_drawn(page)
    before = page.locator("#readout-window").text_content()
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(460, 430)
    page.mouse.up()
    assert page.locator("#readout-window").text_content() != before
    for key in "ogitm":
        page.keyboard.press(key)
    expect(page.locator('[data-do="hand"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("f")
    page.keyboard.press("h")
    expect(page.locator("#readout-map")).to_contain_text("Brightest", timeout=PATIENCE_MS)  # a worker has made it
    expect(page.locator('[data-do="map"]')).to_have_attribute("aria-pressed", "true")

    # change: a plate by its key, then months; and sign with one key
    page.keyboard.press("2")
    expect(page.locator("button.plate").nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("e")
    page.keyboard.type("9")
    page.get_by_role("spinbutton", name="Months").fill("7")
    expect(page.locator("#do")).to_contain_text("Sign 9 y 7 m")
    page.get_by_role("spinbutton", name="Months").blur()
    page.keyboard.press("s")
    expect(page.locator(".standing")).to_contain_text("Signed by Dr. Reader")
    expect(page.locator("#hero")).to_have_text("9 years 7 months")

    # amend: not without a reason
    page.keyboard.press("a")
    page.get_by_role("spinbutton", name="Months").fill("10")
    page.get_by_role("spinbutton", name="Months").blur()
    page.keyboard.press("a")
    expect(page.locator("#decide-error")).to_contain_text("reason")
    page.get_by_label("Reason").fill("the second look <b>")
    page.locator("#do").click()
    expect(page.locator(".standing")).to_contain_text("Amended by")
    expect(page.locator(".standing")).to_contain_text("the second look <b>")
    expect(page.locator("#hero")).to_have_text("9 years 10 months")

    # the reports
    pdf = page.request.get(address + page.locator('[data-format="pdf"]').get_attribute("href"))
    assert pdf.ok
    assert pdf.body().startswith(b"%PDF-")
    report = page.request.get(address + page.locator('[data-format="sr"]').get_attribute("href"))
    structured = pydicom.dcmread(io.BytesIO(report.body()))
    assert structured.Modality == "SR"
    assert structured.VerificationFlag == "VERIFIED"
    assert 118 in [float(value) for value in _numbers(structured)]

    # the next one that is unsigned, accepted as it is; then the one without a hand, read by hand
    page.keyboard.press("n")
    expect(page.locator("#decide")).to_have_attribute("data-action", "sign")
    page.go_back()
    page.keyboard.press("b")
    expect(page.locator('#films tr[data-state="amended"]')).to_have_count(1)
    page.locator('#films tr[data-state="refused"] a').click()
    expect(page.locator(".refused .what")).to_contain_text("No single hand was found")
    page.wait_for_load_state("networkidle")  # its scripts listen to the keys
    page.keyboard.press("s")
    expect(page.locator("#decide-error")).to_contain_text("years and months")
    page.get_by_role("spinbutton", name="Years").fill("8")
    page.keyboard.press("Enter")
    expect(page.locator(".standing")).to_contain_text("Signed by Dr. Reader")

    page.locator("#sign-out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.request.get(f"{address}/api/v1/films").status == 401
    assert broken == []
    context.close()


def test_a_reader_chooses_the_language(browser: Any, address: str) -> None:
    """The browser's before sign-in, the chosen one from then on; the cookie holds its code alone."""
    expect = playwright.expect
    context = browser.new_context(locale="de-DE", viewport={"width": 820, "height": 1180})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/worklist")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Benutzername").fill(NAME)
    page.get_by_label("Passwort").fill("not the password")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("Passwort ist falsch")
    page.get_by_label("Sprache").select_option("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_label("用户名").fill(NAME)
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="工作列表")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    expect(page.locator("#keys-list")).to_contain_text("搜索")
    page.keyboard.press("Escape")
    (cookie,) = (one for one in context.cookies() if one["name"] == "boneage_language")
    assert (cookie["value"], cookie["sameSite"], cookie["path"]) == ("zh", "Lax", "/")
    page.get_by_label("语言").select_option("fr")
    expect(page.get_by_role("heading", name="Liste de travail")).to_be_visible()
    context.close()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("size", [(1440, 900), (1180, 820), (820, 1180)])
def test_no_label_is_longer_than_its_place(browser: Any, address: str, language: Language, size: tuple[int, int]) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies([{"name": "boneage_language", "value": language.value, "url": address}])
    page = context.new_page()
    page.request.post(f"{address}/api/v1/session", data={"name": NAME, "password": PASSWORD})
    for path in ("/worklist", "/monitor"):
        page.goto(f"{address}{path}")
        wide, bar = page.evaluate("[document.documentElement.scrollWidth, document.querySelector('.bar').scrollWidth]")
        assert max(wide, bar) <= size[0], path
        assert page.locator(".bar").evaluate("bar => [...bar.querySelectorAll('nav a')].every(one => one.offsetHeight < 45)")
    context.close()


def _is_drawn(page: Any) -> bool:
    """Whether the canvas shows anything but black."""
    code = """() => {
      const canvas = document.getElementById("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, place) => place % 4 < 3 && value > 100);
    }"""
    return bool(page.evaluate(code))


def _numbers(item: Any) -> Iterator[Any]:
    """All measured values of a report's tree."""
    for one in item.get("ContentSequence", []):
        for value in one.get("MeasuredValueSequence", []):
            yield value.NumericValue
        yield from _numbers(one)
