#!/usr/bin/env python3
"""Whether the service of these settings answers on this machine: exit code 0 or 1. The image's health check.

boneage-healthy /etc/boneage/site.toml
"""

from __future__ import annotations

import json
import ssl
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 8


def address(settings: Path) -> str:
    """Of /health, by the file's own port and TLS."""
    web = tomllib.loads(settings.read_text(encoding="utf-8")).get("web", {})
    return f"{'https' if 'certificate' in web else 'http'}://127.0.0.1:{web.get('port', 8080)}/health"


def is_healthy(url: str) -> bool:
    """It answers, and its database answers it."""
    this_machine = ssl._create_unverified_context()  # its certificate names another host than 127.0.0.1
    try:
        with urllib.request.urlopen(url, timeout=SECONDS, context=this_machine) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except (OSError, ValueError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(not is_healthy(address(Path(sys.argv[1]))))
