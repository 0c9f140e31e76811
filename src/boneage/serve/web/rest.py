"""REST: films in, readings and reports out, decisions; everything the reading page does goes through it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.responses import Response

from boneage import __version__
from boneage.errors import BoneAgeError
from boneage.pipeline import BOTH, Failure, assess
from boneage.report.derived import with_derived
from boneage.report.formats import Files, Format
from boneage.report.language import Language
from boneage.report.record import error_record, to_record
from boneage.serve.decisions import Choice
from boneage.serve.intake import Given
from boneage.serve.site import Site
from boneage.serve.states import Origin, State
from boneage.serve.store.audit import events, record
from boneage.serve.store.records import Handover, Role, User
from boneage.serve.store.worklist import Stale, Wanted
from boneage.serve.web import access
from boneage.serve.web.access import Reader, Seen, Sender, TheSite, Viewer
from boneage.serve.web.blind import REVEAL, hides, without_months
from boneage.serve.web.found import READ_FIRST, find, reading_of
from boneage.serve.web.shapes import (
    CaseShape,
    ChoiceShape,
    CorrectionShape,
    DeliveryShape,
    EventShape,
    FilmShape,
    HealthShape,
    PageShape,
    ReceivedShape,
    SessionShape,
    SignInShape,
)
from boneage.types import Identity, Sex

api = APIRouter(prefix="/api/v1")
MOST_AT_ONCE = 200


@api.post("/session", status_code=201, tags=["session"])
def sign_in(who: SignInShape, site: TheSite, response: Response) -> SessionShape:
    """Signs in: a cookie for browsers, a token for programs."""
    found = site.accounts.sign_in(who.name, who.password)
    if found is None:
        raise HTTPException(401, "wrong name or password, or too many tries: after five, wait a quarter of an hour")
    token, session = found
    access.remember(response, site, token)
    user = session.user
    return SessionShape(name=user.name, display_name=user.display_name, role=user.role, csrf=session.csrf, token=token)


@api.get("/session", tags=["session"])
def who_am_i(request: Request, user: Seen) -> SessionShape:
    """Who is signed in."""
    session = access.signed_in(request)
    return SessionShape(name=user.name, display_name=user.display_name, role=user.role, csrf=session.csrf)


@api.delete("/session", status_code=204, tags=["session"])
def sign_out(request: Request, user: Sender, site: TheSite, response: Response) -> None:
    """The session ends here and now."""
    if token := access.bearer(request) or request.cookies.get(access.COOKIE):
        site.accounts.sign_out(token)
    access.forget(response)


@api.post("/assess", tags=["films"])
def assess_now(
    file: Annotated[UploadFile, File(description="one film")],
    user: Sender,
    site: TheSite,
    sex: Annotated[str | None, Form(pattern="^(female|male|both)$")] = None,
) -> dict[str, Any]:
    """Assesses a film and keeps nothing: the record of `boneage assess --json`, or the error with the same words.

    503 while as many are being assessed as there are cores: what sends an archive sends the next when one is answered.
    """
    if site.settings.reads.blind and user.role is not Role.DEVICE:
        raise HTTPException(403, "this site reads blind: send the film to the worklist")
    asked = None if sex is None else BOTH if sex == "both" else Sex(sex)
    if not site.at_once.acquire(blocking=False):
        raise HTTPException(503, "too many films at once: send this one again in a moment", {"Retry-After": "1"})
    try:
        outcome = assess(file.file.read(), site.system, sex=asked)
    except BoneAgeError as error:
        return to_record("", Failure(error, 0.0), site.system)
    finally:
        site.at_once.release()
    return to_record("", outcome, site.system)


@api.post("/films", status_code=202, tags=["films"])
def receive(
    files: Annotated[list[UploadFile], File(description="films; several at once")],
    user: Sender,
    site: TheSite,
    sex: Annotated[Sex | None, Form()] = None,
    height_cm: Annotated[float | None, Form(ge=50, le=230)] = None,
    patient_name: Annotated[str, Form(max_length=200)] = "",
    patient_id: Annotated[str, Form(max_length=64)] = "",
    birth_date: Annotated[str, Form(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
    study_date: Annotated[str, Form(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
    accession_number: Annotated[str, Form(max_length=64)] = "",
) -> list[ReceivedShape]:
    """Films for the worklist; what a DICOM header says of the child wins. One that is no film is told, the others are taken."""
    if len(files) > MOST_AT_ONCE:
        raise HTTPException(413, f"{len(files)} files at once; send at most {MOST_AT_ONCE}")
    identity = Identity(
        patient_name=patient_name, patient_id=patient_id, birth_date=birth_date, accession_number=accession_number
    )
    given = Given(identity, study_date or None, sex, height_cm)
    return [_receive(site, user, file, given) for file in files]


@api.get("/films", tags=["films"])
def worklist(
    user: Viewer,
    site: TheSite,
    state: Annotated[list[State] | None, Query()] = None,
    text: Annotated[str, Query(max_length=200)] = "",
    skip: Annotated[int, Query(ge=0)] = 0,
    most: Annotated[int, Query(ge=1, le=500)] = 50,
    newest_first: bool = True,
) -> PageShape:
    """A page of the worklist."""
    wanted = Wanted(text=text, newest_first=newest_first, skip=skip, most=most)
    if state:
        wanted = Wanted(frozenset(state), text, newest_first, skip, most)
    films, count = site.worklist.page(wanted)
    blind = site.settings.reads.blind
    return PageShape(films=[FilmShape.of(film, blind=blind) for film in films], count=count, states=site.worklist.counts())


@api.get("/films/{film_id}", tags=["films"])
def case(film_id: str, user: Viewer, site: TheSite) -> CaseShape:
    """All of a film. In blind mode the answer is in it only after the reader has given theirs: `reveal`."""
    film = find(site, film_id)
    versions = site.worklist.versions(film_id)
    seen = bool(versions) and not hides(site, user, film, versions[-1])
    return CaseShape(
        film=FilmShape.of(film, blind=site.settings.reads.blind and not seen),
        reading=with_derived(versions[-1], site.settings.reads.language) if seen else None,
        versions=[one.uid for one in versions],
        deliveries=[DeliveryShape.of(one) for one in site.outbox.of(film_id)],
    )


@api.post("/films/{film_id}/correct", tags=["decisions"])
def correct(film_id: str, said: CorrectionShape, user: Reader, site: TheSite) -> FilmShape:
    """Sex and height that neither header nor sender said; the film is read again."""
    site.worklist.correct(find(site, film_id).id, sex=said.sex, height_cm=said.height_cm, actor=user.name)
    return FilmShape.of(find(site, film_id), blind=site.settings.reads.blind)


@api.post("/films/{film_id}/reveal", tags=["decisions"])
def reveal(film_id: str, choice: ChoiceShape, user: Reader, site: TheSite) -> CaseShape:
    """Blind mode: what the reader says before seeing the system's answer goes into the audit trail; then the answer is shown."""
    film = find(site, film_id)
    if film.reading_uid is None or choice.seen != film.reading_uid:
        raise Stale
    if choice.months is None:
        raise HTTPException(422, READ_FIRST)
    if hides(site, user, film, site.worklist.reading(film.reading_uid)):
        said = {"months": choice.months, "plate": choice.plate_months}
        record(site.engine, user.name, REVEAL, film_id=film.id, reading_uid=film.reading_uid, detail=said)
    return case(film_id, user, site)


@api.post("/films/{film_id}/sign", tags=["decisions"])
def sign(film_id: str, choice: ChoiceShape, user: Reader, site: TheSite) -> CaseShape:
    """The first signature: it makes the report and sends it."""
    film = find(site, film_id)
    if choice.months is None and hides(site, user, film, site.worklist.reading(choice.seen)):
        raise HTTPException(422, READ_FIRST)
    site.desk.sign(film, _choice(choice), user)
    return case(film_id, user, site)


@api.post("/films/{film_id}/amend", tags=["decisions"])
def amend(film_id: str, choice: ChoiceShape, user: Reader, site: TheSite) -> CaseShape:
    """Signed again, with a reason; the new report names the one it replaces."""
    site.desk.amend(find(site, film_id), _choice(choice), user)
    return case(film_id, user, site)


@api.post("/films/{film_id}/withdraw", tags=["decisions"])
def withdraw(film_id: str, choice: ChoiceShape, user: Reader, site: TheSite) -> CaseShape:
    """What was signed was entered in error, with a reason."""
    site.desk.withdraw(find(site, film_id), _choice(choice), user)
    return case(film_id, user, site)


@api.get("/films/{film_id}/history", tags=["films"])
def history(film_id: str, user: Viewer, site: TheSite) -> list[dict[str, Any]]:
    """The signed readings of the same patient, and this film's latest, by date."""
    film = find(site, film_id)
    seen = [one for one in site.worklist.history(film_id) if one.uid != film.reading_uid or not hides(site, user, film, one)]
    return [with_derived(one, site.settings.reads.language) for one in seen]


@api.get("/films/{film_id}/audit", tags=["audit"])
def audit_of(film_id: str, user: Viewer, site: TheSite) -> list[EventShape]:
    """Who did what to this film."""
    film, found = find(site, film_id), events(site.engine, film_id=film_id)
    if any(hides(site, user, film, one) for one in site.worklist.versions(film_id)):
        found = [replace(one, detail=without_months(one)) for one in found]
    return [EventShape.of(one) for one in found]


@api.get("/readings/{uid}", tags=["reports"])
def reading(uid: str, user: Seen, site: TheSite) -> dict[str, Any]:
    """One version of a reading."""
    _, found = reading_of(site, user, uid)
    return with_derived(found, site.settings.reads.language)


@api.get("/readings/{uid}/reports/{form}", tags=["reports"], response_class=Response)
def report(uid: str, form: Format, user: Seen, site: TheSite, language: Language | None = None) -> Response:
    """A reading's report in one format; where the format has several objects, as a ZIP file of them."""
    film, found = reading_of(site, user, uid)
    made = site.reports.make(form, film, found, language)
    record(site.engine, user.name, "fetch-report", film_id=film.id, reading_uid=uid, detail={"format": form.value})
    return _as_download(made, form)


open_to_all = APIRouter()


@open_to_all.get("/health", tags=["health"])
def health(site: TheSite) -> HealthShape:
    """Whether the service lives, its database answers, and how much waits."""
    counts, outbox = site.worklist.counts(), site.outbox.counts()
    return HealthShape(
        status="ok",
        version=__version__,
        system=site.system.name,
        waiting=counts[State.WAITING],
        undelivered=outbox[Handover.DUE] + outbox[Handover.GIVEN_UP],
    )


def _receive(site: Site, user: User, file: UploadFile, given: Given) -> ReceivedShape:
    try:
        received = site.intake.take(file.file.read(), origin=Origin.UPLOAD, sender=user.name, given=given)
    except BoneAgeError as error:
        return ReceivedShape(error=error_record(error))
    return ReceivedShape(id=received.film_id, new=received.new)


def _choice(said: ChoiceShape) -> Choice:
    return Choice(said.seen, said.months, said.plate_months, said.reason)


def _as_download(files: Files, form: Format) -> Response:
    """The name says nothing of the patient."""
    if len(files) == 1:
        ((suffix, data),) = files.items()
        media, name = form.media_type, f"bone-age{suffix}"
    else:
        with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
            for suffix, one in files.items():
                archive.writestr(f"bone-age{suffix}", one)
        data, media, name = buffer.getvalue(), "application/zip", f"bone-age-{form.value}.zip"
    shown = "inline" if form in (Format.PDF, Format.HTML, Format.TEXT) else "attachment"
    headers = {"Content-Disposition": f'{shown}; filename="{name}"'}
    if form is Format.HTML:  # the report's own styles and pictures, and nothing else
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return Response(data, media_type=media, headers=headers)
