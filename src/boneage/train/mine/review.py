"""The review page's server: films with their outlines out, one decision a key in, at once on disk. Loopback only."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Annotated

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware

from boneage import dataset
from boneage.standardize.contrast import stretch
from boneage.standardize.size import standard_bytes, unit
from boneage.train.mine.decide import By, Decision, Verdict, badness
from boneage.train.mine.folder import MineFolder, Round
from boneage.train.mine.points import Bytes, Films
from boneage.train.mine.sheet import OUTLINE

HOST = "127.0.0.1"
SCALE = 2  # pixels of the page for one of the film
QUALITY = 88  # of the JPEG: a film of 598 pixels in 40 kB


class Answer(BaseModel):
    """One decision as the page sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: int
    verdict: Annotated[str, Field(pattern="^(keep|discard|later)$")]


class Answers(BaseModel):
    """One or, from the grid, several."""

    model_config = ConfigDict(extra="forbid", strict=True)
    answers: Annotated[list[Answer], Field(min_length=1, max_length=100)]


class Review:
    """The films of one round in the order of review, and what was decided of them."""

    def __init__(self, folder: MineFolder, films: Films, round_: Round, *, again: bool = False) -> None:
        """`again`: also films that the rule decided."""
        decisions = round_.decisions()
        self.round = round_
        self._lock = threading.Lock()
        before = [film for film, decision in decisions.items() if decision.by is By.PAGE]
        self._done: list[tuple[int, Decision | None]] = [(film, None) for film in before]  # and what stood there
        scores = round_.scores()
        rule = folder.settings.rule
        decided = {film for film, decision in decisions.items() if decision.by is not By.RULE or not again}
        # the good first, so that most of a grid is kept with one key
        self.queue = sorted(scores.keys() - decided, key=lambda film: (badness(scores[film], rule), film))
        self.all = {*self.queue, *before}
        inverted = films.inverted
        self._films = {
            film_id: (file, inverted.get(film_id, False)) for film_id, file in dataset.iterate_files(films.data, self.all)
        }
        self._open = set(self.queue)

    def state(self) -> dict[str, object]:
        with self._lock:
            left = [film for film in self.queue if film in self._open]
            return {"round": self.round.number, "total": len(self.all), "decided": len(self.all) - len(left), "left": left}

    def decide(self, answers: Iterable[Answer]) -> None:
        """Each at once on disk."""
        with self._lock:
            earlier = self.round.decisions()
            for answer in answers:
                self._done.append((answer.id, earlier.get(answer.id)))
                self.round.decide(answer.id, Verdict(answer.verdict), By.PAGE)
                self._open.discard(answer.id)

    def undo(self) -> int | None:
        """The last film decided here is open again, with the decision that stood before."""
        with self._lock:
            if not self._done:
                return None
            film, earlier = self._done.pop()
            if earlier is None:
                self.round.decide(film, Verdict.OPEN, By.PAGE)
            else:
                self.round.decide(film, earlier.verdict, earlier.by)
            self._open.add(film)
            self.queue = [film, *(other for other in self.queue if other != film)]
            return film

    def picture(self, film: int) -> bytes:
        """The film, brightened and enlarged, with the mask's outline: JPEG."""
        file, inverted = self._films[film]
        stored = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE)
        frame = standard_bytes(np.asarray(stored, np.uint8))
        return outlined(255 - frame if inverted else frame, self.round.mask(film))


def outlined(frame: Bytes, mask: Bytes | np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None) -> bytes:
    gray = np.rint(stretch(unit(frame)) ** 0.6 * 255).astype(np.uint8)
    size = (frame.shape[1] * SCALE, frame.shape[0] * SCALE)
    picture = cv2.cvtColor(cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), cv2.COLOR_GRAY2BGR)
    if mask is not None:
        large = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        cv2.drawContours(picture, cv2.findContours(large, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0], -1, OUTLINE, 1)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def review_app(review: Review) -> FastAPI:
    """The page and its four calls. Another site's page cannot reach it: the host's name is checked, answers must be JSON."""
    app = FastAPI(title="boneage mine review", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    page = files("boneage.train.mine").joinpath("review.html").read_text()

    @app.get("/", response_class=HTMLResponse)
    def show() -> str:
        return page

    @app.get("/state")
    def state() -> dict[str, object]:
        return review.state()

    @app.get("/film/{film}.jpg")
    def film(film: int) -> Response:
        if film not in review.all:
            raise HTTPException(404, "not a film of this review")
        return Response(review.picture(film), media_type="image/jpeg", headers={"Cache-Control": "max-age=600"})

    @app.post("/decide")
    def decide(body: Answers) -> dict[str, object]:
        if unknown := [answer.id for answer in body.answers if answer.id not in review.all]:
            raise HTTPException(404, f"not films of this review: {unknown}")
        review.decide(body.answers)
        return {"decided": len(body.answers)}

    @app.post("/undo")
    def undo(body: dict[str, object]) -> dict[str, object]:
        return {"id": review.undo()}

    return app


@contextmanager
def serving(review: Review, port: int) -> Iterator[str]:
    """The page's address while it is served; port 0: any that is free."""
    import socket

    import uvicorn

    with socket.create_server((HOST, port)) as listener:
        server = uvicorn.Server(uvicorn.Config(review_app(review), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(5)
