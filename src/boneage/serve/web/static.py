"""The page's own files: styles and scripts, addressed by a digest of them all, so that a browser may keep them for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class File:
    """One of them."""

    data: bytes
    media_type: str


class Static:
    """All of them, read once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = sorted(path for path in folder.iterdir() if path.suffix in MEDIA_TYPES)
        self.files = {path.name: File(path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in found}
        whole = hashlib.sha256(b"\0".join(name.encode() + b"\0" + file.data for name, file in self.files.items()))
        self.digest = whole.hexdigest()[:16]

    def address(self, name: str) -> str:
        """KeyError: there is no such file."""
        self.files[name]
        return f"/static/{self.digest}/{name}"
