"""The lab's tests need the train extra; without it they skip and say so."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: make test EXTRAS=train")
