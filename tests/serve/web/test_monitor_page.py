"""The monitor's page: drawn from any state of a service, harmless whatever a header calls its scanner."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("fastapi", reason="needs the serve extra: make test EXTRAS=serve")

from boneage.report.language import Language
from boneage.serve.drift import Drift, drift_of
from boneage.serve.monitor import Cell, Monitor
from boneage.serve.store.records import Role, User
from boneage.serve.web.monitor_view import view
from boneage.serve.web.pages import _speech, _templates

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WHOLE = Cell("all", "all", 40, 0.05, {"no-hand": 2}, 30, 0.2, 1.5, 4.0, 21.0, 3.0)
WEEK = Cell("week", "2026-W46", 40, 0.05, {"no-hand": 2}, 30, 0.2, 1.5, 4.0, 21.0, 3.0)
FEW = Cell("scanner", "<script>alert(1)</script>", 2, None, {}, 1, None, None, None, None, None)


def page(*cells: Cell, drift: Drift, since: datetime | None = None, language: Language = Language.ENGLISH) -> str:
    shown = view(Monitor(NOW, 3, cells, "reference-2026-11, 0.1.0", drift, since))
    return (
        _templates()
        .get_template("monitor.html.j2")
        .render(
            view=shown,
            **_speech(language),
            asset=lambda name: f"/static/{name}",
            user=User("doe", "Dr. Doe", Role.READER),
            csrf="",
            by_proxy=False,
        )
    )


def test_every_state_has_its_sentence() -> None:
    few, steady = drift_of([0.0] * 5), [0.0, 6.0, -6.0, 3.0, -3.0] * 30
    assert "5 of 100 signed films" in page(WHOLE, WEEK, drift=few)
    assert "No drift." in page(WHOLE, WEEK, drift=drift_of(steady))
    text = page(WHOLE, WEEK, drift=drift_of([*steady, *[12.0] * 60]), since=NOW)
    assert "drifted apart" in text
    assert "Outside since 21 November 2026." in text


def test_figures_and_reasons_are_written_as_in_the_language() -> None:
    text = page(WHOLE, WEEK, drift=drift_of([0.0] * 5), language=Language.GERMAN)
    for told in ("+1,5", "5\N{NO-BREAK SPACE}%", "wurde keine einzelne Hand gefunden: 2", "21. November 2026"):
        assert told in text, told


def test_an_empty_service_has_a_page() -> None:
    empty = Cell("all", "all", 0, None, {}, 0, None, None, None, None, None)
    assert "<svg viewBox" not in page(empty, drift=drift_of([])).partition("<main")[2].partition("</main>")[0]


def test_a_scanner_s_name_is_text_and_nothing_is_styled_in_place() -> None:
    text = page(WHOLE, WEEK, FEW, drift=drift_of([]))
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "style=" not in text.partition("<main")[2]
    assert '<tr class="few">' in text
