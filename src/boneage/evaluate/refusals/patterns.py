"""What is no picture of a thing: noise, gradients, blank frames, pages of text."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

SENTENCES = (
    "the film shows a left hand and wrist of a child with bone age of years according to atlas normal range standard deviation "
    "chronological report patient date radiologist impression findings within limits epiphysis growth plate distal radius ulna "
    "carpal age compared with previous study no fracture soft tissue unremarkable signed doctor hospital department"
)
WORDS = SENTENCES.split()
FACES = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def frame_size(rng: np.random.Generator) -> tuple[int, int]:
    """Height and width of a film or photograph."""
    tall = int(rng.integers(300, 620))
    return tall, round(tall * float(rng.choice([0.72, 0.8, 1.0, 1.33])))


def spectrum(rng: np.random.Generator, size: tuple[int, int], power: float) -> Image:
    """Noise whose amplitude falls with frequency to a power: 0 white, 1 as in nature, 2 clouds. Mean 0, deviation 1."""
    wave = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None])
    wave[0, 0] = 1
    white = np.fft.rfft2(rng.standard_normal(size))
    noise = np.fft.irfft2(white / wave**power, s=size)
    noise -= noise.mean()
    return np.asarray(noise / noise.std(), np.float32)


def noise(rng: np.random.Generator) -> Image:
    """Noise of any color, with salt and pepper or stripes at times."""
    size = frame_size(rng)
    image = 0.5 + rng.uniform(0.08, 0.3) * spectrum(rng, size, float(rng.uniform(0, 2.2)))
    kind = rng.integers(4)
    if kind == 0:
        salt = rng.random(size)
        image[salt < 0.05], image[salt > 0.95] = 0, 1
    elif kind == 1:
        image += 0.2 * rng.standard_normal((size[0], 1))
    return _film(image)


def gradient(rng: np.random.Generator) -> Image:
    """One to three waves or ramps, as of a wedge or an empty cassette with the heel effect; faint noise."""
    size = frame_size(rng)
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    image = np.zeros(size)
    for _ in range(int(rng.integers(1, 4))):
        angle, shape = rng.uniform(0, 2 * np.pi), rng.integers(3)
        way = np.cos(angle) * x + np.sin(angle) * y
        ring = np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 1))
        image += (way, ring, np.cos(rng.uniform(1, 6) * way))[shape] * rng.uniform(0.3, 1)
    image = (image - image.min()) / np.ptp(image) * rng.uniform(0.15, 1) + rng.uniform(0, 0.3)
    if rng.random() < 0.4:
        image = np.floor(image * 8) / 8  # a step wedge
    return _film(image + rng.normal(0, rng.uniform(0.002, 0.03), size))


def blank(rng: np.random.Generator) -> Image:
    """An empty cassette: flat, with detector noise, perhaps a collimated field and a lead letter."""
    size = frame_size(rng)
    image = np.full(size, rng.uniform(0.02, 0.9)) + rng.normal(0, rng.uniform(0.001, 0.02), size)
    if rng.random() < 0.5:
        left, top = (int(v) for v in rng.uniform(0.02, 0.2, 2) * size[::-1])
        shade = np.full(size, rng.uniform(0, 1))
        shade[top : size[0] - top, left : size[1] - left] = image[top : size[0] - top, left : size[1] - left]
        image = np.asarray(cv2.GaussianBlur(shade, (0, 0), 1.0), np.float64)
    if rng.random() < 0.5:
        place = tuple(int(v) for v in rng.uniform(0.2, 0.7, 2) * size[::-1])
        letter = np.zeros(size, np.uint8)
        cv2.putText(letter, str(rng.choice(["L", "R"])), place, cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3, cv2.LINE_AA)
        image = np.maximum(image, letter / 262)
    return _film(image)


def text(rng: np.random.Generator) -> Image:
    """A page of a report: lines of words, a heading, perhaps a table; a scan, slightly turned."""
    tall = int(rng.integers(700, 1000))
    page = np.full((tall, round(tall / 1.41)), 250, np.uint8)
    face, scale = int(rng.choice(FACES)), float(rng.uniform(0.4, 0.8))
    step, margin = round(36 * scale), round(0.09 * page.shape[1])
    y = margin + step
    cv2.putText(page, " ".join(rng.choice(WORDS, 3)).title(), (margin, y), face, 1.7 * scale, 20, 2, cv2.LINE_AA)
    table = tall * float(rng.choice([rng.uniform(0.4, 0.7), 2.0]))
    while (y := y + (step if rng.random() < 0.9 else 2 * step)) < tall - margin:
        if y > table:
            cv2.line(page, (margin, y + 6), (page.shape[1] - margin, y + 6), 60, 1)
            for column in range(4):
                cv2.putText(
                    page, f"{rng.uniform(0, 200):.1f}", (margin + column * page.shape[1] // 5, y), face, scale, 30, 1, cv2.LINE_AA
                )
        else:
            _line(page, rng, (margin, y), face, scale)
    turn = cv2.getRotationMatrix2D((page.shape[1] / 2, tall / 2), float(rng.normal() * 1.5), 1)
    page = np.asarray(cv2.warpAffine(page, turn, page.shape[::-1], borderValue=235), np.uint8)
    image = page.astype(np.float32) / 255 * rng.uniform(0.8, 1) + rng.normal(0, 0.01, page.shape)
    return _film(1 - image if rng.random() < 0.3 else image)


def _line(page: npt.NDArray[np.uint8], rng: np.random.Generator, at: tuple[int, int], face: int, scale: float) -> None:
    room, words = page.shape[1] - 2 * at[0], str(rng.choice(WORDS))
    while cv2.getTextSize(longer := f"{words} {rng.choice(WORDS)}", face, scale, 1)[0][0] < room:
        words = longer
    cv2.putText(page, words, at, face, scale, 30, 1, cv2.LINE_AA)


def _film(image: npt.ArrayLike) -> Image:
    return np.asarray(np.clip(image, 0, 1), np.float32)
