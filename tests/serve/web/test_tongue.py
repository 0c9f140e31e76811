"""The language of a page: a reader's choice over the browser's over the site's, and never a word of what a cookie holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import boneage
from boneage.report.language import Language
from boneage.serve.settings import Reads, Settings
from boneage.serve.site import Site
from boneage.serve.store.records import Film
from boneage.serve.web.app import create_app
from boneage.serve.web.tongue import COOKIE, accepted, chosen
from boneage.serve.web.words import word

STATIC = Path(boneage.__file__).parent / "serve" / "web" / "static"
EVIL = '"><script>alert(1)</script>'
HTML = "text/html"


def asks(visitor: Any, path: str, *, cookie: str = "", browser: str = "") -> Any:
    headers = {"Accept": HTML, "Accept-Language": browser}
    visitor.client.cookies.delete(COOKIE)
    if cookie:
        visitor.client.cookies.set(COOKIE, cookie)
    return visitor.get(path, headers=headers)


def speaks(visitor: Any, path: str, **more: str) -> str:
    answer = asks(visitor, path, **more)
    assert answer.status_code == 200
    return str(answer.text).partition('<html lang="')[2].partition('"')[0]


@pytest.fixture
def french(settings: Settings, site: Site) -> Site:
    reads = Reads(language=Language.FRENCH)
    return replace(
        site, settings=settings.model_copy(update={"reads": reads}), reports=replace(site.reports, language=reads.language)
    )


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", Language.GERMAN),
        ("de-CH,de;q=0.9,en;q=0.8", Language.GERMAN),
        ("it-IT,it;q=0.9,es;q=0.7,en;q=0.8", Language.ENGLISH),
        ("en;q=0.5, ZH-hans-CN ; q=0.6", Language.CHINESE),
        ("fr;q=0, es;q=0.1", Language.SPANISH),
        ("fr;q=0.8,de;q=0.8", Language.FRENCH),
        ("de;q=0", None),
        ("*", None),
        ("", None),
        ("it, pt-BR", None),
        ("de;q=nan,,;;=,\u00e9", None),
        (EVIL, None),
        ("de" * 5000, None),
    ],
)
def test_the_browsers_wish_is_the_best_of_those_we_speak(header: str, language: Language | None) -> None:
    assert accepted(header) is language


@pytest.mark.parametrize("cookie", ["", "DE", "de ", "it", "../de", EVIL, "de\n"])
def test_a_cookie_holds_a_code_of_ours_or_nothing(cookie: str) -> None:
    assert chosen(cookie) is None


def test_before_sign_in_the_cookie_wins_over_the_browser_and_the_browser_over_the_site(
    french: Site, visit: Callable[..., Any]
) -> None:
    nobody = visit(create_app(french), french, "")
    assert speaks(nobody, "/sign-in", cookie="zh", browser="de") == "zh-Hans"
    assert speaks(nobody, "/sign-in", browser="de-AT,en;q=0.5") == "de"
    assert speaks(nobody, "/sign-in", browser="it") == "fr"
    assert speaks(nobody, "/sign-in") == "fr"
    assert word(Language.SPANISH, "sign_in") in asks(nobody, "/sign-in", browser="es").text


def test_after_it_the_site_decides_for_those_who_chose_nothing(
    french: Site, visit: Callable[..., Any], put: Callable[..., Film]
) -> None:
    admin, film = visit(create_app(french), french, "admin"), put(100.0)
    for path in ("/worklist", f"/films/{film.id}", "/monitor", "/admin"):
        assert speaks(admin, path, browser="de") == "fr"
        assert speaks(admin, path, browser="de", cookie="es") == "es"


def test_parts_that_are_loaded_anew_speak_as_their_page(put: Callable[..., Film], reader: Any) -> None:
    film = put(100.0)
    assert "Knochenalter" in asks(reader, "/worklist/rows", cookie="de").text
    assert "8 Jahre 4 Monate" in asks(reader, f"/films/{film.id}/panel", cookie="de").text
    assert "8岁4个月" in asks(reader, "/worklist/rows", cookie="zh").text


@pytest.mark.parametrize("language", Language)
def test_every_page_is_whole_in_every_language(language: Language, put: Callable[..., Film], admin: Any) -> None:
    films = [put(100.0), put(None), put("waiting")]
    for path in ("/worklist", "/monitor", "/admin", *(f"/films/{film.id}" for film in films)):
        assert speaks(admin, path, cookie=language.value) == language.tag
    lost = asks(admin, "/films/none", cookie=language.value)
    assert lost.status_code == 404
    assert f'lang="{language.tag}"' in lost.text
    assert word(language, "error_no_film") in lost.text


def test_the_select_names_each_language_in_itself_and_shows_the_one_in_use(reader: Any) -> None:
    text = asks(reader, "/worklist", cookie="zh").text
    for language in Language:
        selected = " selected" if language is Language.CHINESE else ""
        assert f'<option value="{language.value}" lang="{language.tag}"{selected}>{word(language, "language")}</option>' in text


@pytest.mark.parametrize("cookie", ["%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "evil-value-4711", "de<b>evil-value-4711"])
def test_what_a_cookie_holds_never_reaches_the_page(reader: Any, nobody: Any, cookie: str) -> None:
    for visitor, path in ((reader, "/worklist"), (reader, "/films/none"), (nobody, "/sign-in")):
        text = asks(visitor, path, cookie=cookie).text
        assert '<html lang="en"' in text
        assert "evil-value-4711" not in text
        assert "alert(1)" not in text


def test_the_cookie_is_set_by_the_page_for_this_site_and_holds_the_code_alone() -> None:
    script = (STATIC / "common.js").read_text()
    assert f"`{COOKIE}=${{event.target.value}}; path=/; max-age=${{A_YEAR}}; samesite=lax${{secure}}`" in script


def test_reports_and_rest_stay_in_the_sites_language(french: Site, visit: Callable[..., Any], put: Callable[..., Film]) -> None:
    reader, film = visit(create_app(french), french, "reader"), put(100.0)
    path = f"/api/v1/readings/{film.reading_uid}/reports/text"
    assert asks(reader, path, cookie="de").text == asks(reader, path).text
    assert word(Language.FRENCH, "exam_unknown") in asks(reader, path, cookie="de").text
    assert asks(reader, "/api/v1/films/none", cookie="de").json()["error"]["message"].startswith("no such film")
