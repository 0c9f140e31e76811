"""The order of the figure, the runtime without the lab, no prints."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import boneage

SOURCE = Path(boneage.__file__).parent
# what a stage may import: what stands before it in the figure
ORDER = [
    "errors",
    "extras",
    "engines",
    "claim",
    "geometry",
    "types",
    "dataset",
    "joint_boxes",
    "template",
    "phantom",
    "read",
    "networks",
    "standardize",
    "register",
    "regions",
    "prepare",
    "systems",
    "vote",
    "combine",
    "pipeline",
    "found_hands",
    "explain",
    "clinical",
    "report",
    "evaluate",
    "papers",
    "train",
    "lab",
    "compare_command",
    "stress_command",
    "dataset_command",
    "measures",
    "mine_commands",
    "queue_command",
    "search_command",
    "papers_command",
    "serve",
    "batch",
    "serve_command",
    "cli",
]
TORCH_ONLY_IN = {"models", "train", "lab"}
LAB = {
    "torch",
    "skimage",
    "scipy",
    "matplotlib",
    "onnx",
    "tensorboard",
    "pydantic",
    "tomli_w",
    "torchvision",
    "timm",
    "fastapi",
    "uvicorn",
}
CLINIC = {"weasyprint", "highdicom", "pynetdicom", "dicomweb_client", "fhir", "hl7apy", "sqlalchemy", "alembic", "argon2"}


def stage(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path, *, top_level_only: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_stage_imports_only_what_stands_before_it(path: Path) -> None:
    own = stage(path)
    if own in {"__init__", "__main__"}:
        return
    before = ORDER.index("prepare" if own == "models" else own)  # the torch modules stand after it, as in the README's tree
    known = {name.split(".")[1] for name in imports(path, top_level_only=False) if name.startswith("boneage.")}
    later = {name for name in known - {own, "models"} if ORDER.index(name) > before}
    assert not later, f"{path.relative_to(SOURCE)} imports {later}, which come later in the figure"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_lab_imports_the_labs_libraries(path: Path) -> None:
    if stage(path) in {"models", "train", "serve"}:  # loaded as wholes, by commands that need them
        return
    allowed = {"highdicom"} if "dicom" in path.relative_to(SOURCE).parts else set()
    found = {name.split(".")[0] for name in imports(path, top_level_only=True)} & (LAB | CLINIC) - allowed
    assert not found, f"{path.relative_to(SOURCE)} imports {found} at import time"
    assert stage(path) in TORCH_ONLY_IN or "torch" not in {n.split(".")[0] for n in imports(path, top_level_only=False)}


def test_no_file_grew_two_jobs() -> None:
    long = {str(path.relative_to(SOURCE)): n for path in FILES if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_assessing_never_imports_the_lab(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import boneage.cli;"
        "from boneage.phantom import draw, write_png; from boneage import assess; from boneage.types import Sex;"
        f"p = write_png(draw(90, Sex.MALE, seed=1, size=(600, 450)), Path({str(tmp_path)!r}) / 'a.png');"
        "a = assess(p, sex=Sex.MALE); assert 0 < a.estimates[0].bone_age_months < 240;"
        f"bad = sorted(set(sys.modules) & {LAB | CLINIC | {'skimage', 'pandas'}!r}); assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
