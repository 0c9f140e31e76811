"""A film as the case page shows it: what was read, what may be decided, what became of it. In blind mode without the answer."""

from __future__ import annotations

from dataclasses import dataclass

from boneage.clinical.plates import Plate, nearest_plates, plate_ages, plate_picture
from boneage.report.content import Content, Remark, content_of, harmless, shown_name
from boneage.report.formats import OF_REFUSED, Format
from boneage.report.language import Language, age, age_short, day, number, told
from boneage.report.reading import Reading
from boneage.report.trend_chart import Chart, chart_of
from boneage.report.words import WARNINGS, flag_order
from boneage.serve.intake import age_months
from boneage.serve.site import Site
from boneage.serve.states import SIGNED, UNSIGNED, State
from boneage.serve.store.audit import events
from boneage.serve.store.records import Delivery, Event, Film, User
from boneage.serve.store.worklist import CORRECTABLE
from boneage.serve.web.blind import OF_THE_ANSWER, first_reading, hides, without_months
from boneage.serve.web.plot import Plot, plot_of
from boneage.serve.web.words import act_words


@dataclass(frozen=True)
class Head:
    """Whose film it is, in words; "" where it is not known."""

    name: str
    patient_id: str
    sex: str
    age: str
    birth_date: str
    study_date: str
    accession_number: str
    scanner: str


@dataclass(frozen=True)
class Card:
    """A reference plate to be picked."""

    months: int
    label: str
    percent: str  # its probability; "": none is told
    share: float
    address: str  # of its picture; "": there is none


@dataclass(frozen=True)
class Version:
    """One version of the reading."""

    uid: str
    status: str
    word: str
    at: str  # ISO 8601
    by: str
    months: str
    reason: str


@dataclass(frozen=True)
class Happening:
    """A line of the audit trail."""

    at: str
    actor: str
    words: str
    detail: str


@dataclass(frozen=True, eq=False)
class Case:
    """All of one film."""

    film: Film
    head: Head
    reading: Reading | None
    hidden: bool  # an answer is there, and this reader may not see it yet
    first: Event | None  # what this reader said before seeing it
    first_words: str
    content: Content | None  # None: hidden, or nothing was read
    remarks: tuple[Remark, ...]
    plot: Plot | None
    plates: tuple[Card, ...]
    every_plate: tuple[Card, ...]
    chart: Chart | None
    versions: tuple[Version, ...]
    deliveries: tuple[Delivery, ...]
    happenings: tuple[Happening, ...]
    formats: tuple[Format, ...]
    start_months: float | None  # what stands in the form
    start_plate: int | None

    @property
    def action(self) -> str:
        """What the form does; "": there is none."""
        if self.reading is None or self.film.state is State.WAITING:
            return ""
        if self.hidden:
            return "reveal"
        return "sign" if self.film.state in UNSIGNED else "amend"

    @property
    def accepts(self) -> bool:
        """Whether signing an unchanged form accepts the system's answer."""
        return self.action == "sign" and self.first is None and self.reading is not None and self.reading.estimate is not None

    @property
    def may_withdraw(self) -> bool:
        return self.film.state in SIGNED

    @property
    def may_correct(self) -> bool:
        return self.film.state in CORRECTABLE and self.film.state is not State.WAITING


def case_of(site: Site, film: Film, user: User, language: Language) -> Case:
    """As this user may see it."""
    versions = site.worklist.versions(film.id)
    latest = versions[-1] if versions else None
    hidden = hides(site, user, film, latest)
    shown = None if hidden else latest
    first = first_reading(site, user, film, latest) if latest and site.settings.reads.blind else None
    months, plate = _start(latest, first, hidden=hidden)
    cards = () if latest is None else _plates(site, latest, language, hidden=hidden)
    return Case(
        film=film,
        head=head_of(film, latest, language),
        reading=latest,
        hidden=hidden,
        first=first,
        first_words="" if first is None else age(language, _months_of(first) or 0.0),
        content=None if shown is None else content_of(shown, language),
        remarks=() if latest is None else _remarks(latest, language, hidden=hidden),
        plot=None if shown is None else plot_of(shown, [card.months for card in cards], first=_months_of(first)),
        plates=cards,
        every_plate=() if latest is None else _every_plate(site, latest, language),
        chart=_chart(site, film, shown, language),
        versions=tuple(_version(one, language, hidden=hides(site, user, film, one)) for one in versions),
        deliveries=tuple(site.outbox.of(film.id)),
        happenings=tuple(_happening(one, language, hidden=hidden) for one in events(site.engine, film_id=film.id)),
        formats=() if shown is None else _formats(film, shown),
        start_months=months,
        start_plate=plate,
    )


def head_of(film: Film, reading: Reading | None, language: Language) -> Head:
    """The patient and the study."""
    who = film.identity
    own = age_months(who.birth_date, film.study_date) if reading is None else reading.chronological_age_months
    sex = film.sex if film.sex is not None or reading is None else reading.sex
    return Head(
        name=shown_name(who.patient_name),
        patient_id=harmless(who.patient_id),
        sex="" if sex is None else told(language, sex),
        age="" if own is None else age_short(language, own),
        birth_date=day(language, harmless(who.birth_date)),
        study_date=day(language, harmless(film.study_date or "")),
        accession_number=harmless(who.accession_number),
        scanner=harmless(film.scanner),
    )


def _start(reading: Reading | None, first: Event | None, *, hidden: bool) -> tuple[float | None, int | None]:
    """Months and plate that the form begins with: the signed ones, what was said first, the system's."""
    if reading is None or hidden:
        return None, None
    if reading.decision is not None:
        plate = reading.decision.plate_months
        return reading.decision.bone_age_months, None if plate is None else round(plate)
    if first is not None:
        months, told_plate = first.detail.get("months"), first.detail.get("plate")
        return _float(months), None if (plate := _float(told_plate)) is None else round(plate)
    return reading.bone_age_months, None


def _plates(site: Site, reading: Reading, language: Language, *, hidden: bool) -> tuple[Card, ...]:
    """The plates nearest to the answer; before it is shown, those nearest to the child's age."""
    if reading.sex is None:
        return ()
    known = None if hidden else reading.estimate
    months = reading.chronological_age_months if hidden or reading.bone_age_months is None else reading.bone_age_months
    if known is not None:
        months = known.bone_age_months
    if months is None:
        return ()
    nearest = nearest_plates(reading.sex, months, None if known is None else known.probabilities)
    return tuple(_card(site, one, language) for one in nearest)


def _every_plate(site: Site, reading: Reading, language: Language) -> tuple[Card, ...]:
    sex = reading.sex
    return () if sex is None else tuple(_card(site, Plate(sex, months), language) for months in plate_ages(sex))


def _card(site: Site, plate: Plate, language: Language) -> Card:
    months = round(plate.months)
    there = plate_picture(plate.sex, plate.months, site.settings.reads.plates) is not None
    return Card(
        months=months,
        label=age_short(language, plate.months),
        percent="" if plate.probability is None else number(language, 100 * plate.probability, digits=0),
        share=plate.probability or 0.0,
        address=f"/api/v1/plates/{plate.sex.value}/{months}.png" if there else "",
    )


def _remarks(reading: Reading, language: Language, *, hidden: bool) -> tuple[Remark, ...]:
    shown = reading.flags - OF_THE_ANSWER if hidden else reading.flags
    return tuple(Remark(told(language, flag), flag in WARNINGS) for flag in sorted(shown, key=flag_order))


def _chart(site: Site, film: Film, shown: Reading | None, language: Language) -> Chart | None:
    """The follow-up with this film's reading where it is shown."""
    earlier = [one for one in site.worklist.history(film.id) if one.uid != film.reading_uid]
    if shown is not None:
        return chart_of(shown, earlier, language)
    return chart_of(earlier[-1], earlier[:-1], language) if len(earlier) > 1 else None


def _version(reading: Reading, language: Language, *, hidden: bool) -> Version:
    decision, months = reading.decision, reading.bone_age_months
    return Version(
        uid=reading.uid,
        status=reading.status.value,
        word=told(language, reading.status),
        at=reading.made_at.isoformat(),
        by=reading.system if decision is None else harmless(decision.reader),
        months="" if hidden or months is None else age_short(language, months),
        reason="" if decision is None else harmless(decision.reason),
    )


def _happening(event: Event, language: Language, *, hidden: bool) -> Happening:
    detail = without_months(event) if hidden else event.detail
    told_months = [
        age_short(language, months) for name in ("before", "months") if (months := _float(detail.get(name))) is not None
    ]
    more = " → ".join(told_months) or str(detail.get("format") or "")
    return Happening(event.at.isoformat(), harmless(event.actor), act_words(language, event.action), more)


def _formats(film: Film, reading: Reading) -> tuple[Format, ...]:
    """Those that this film and reading can be written as."""
    told_of = set(Format) if reading.bone_age_months is not None else set(OF_REFUSED)
    return tuple(form for form in Format if form in told_of and (film.identity.sop_uid or not form.is_dicom))


def _months_of(first: Event | None) -> float | None:
    return None if first is None else _float(first.detail.get("months"))


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
