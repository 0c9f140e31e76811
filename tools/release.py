"""Makes a release into dist/ and checks it: wheel, sdist, SBOM, checksums. `make release` (docs/release.md)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
MOST_BYTES = 60_000_000  # of the wheel
NEVER = (".pyc", "__pycache__", "weights-lab", ".jpg", "annotations/")  # in the wheel
Json = dict[str, Any]
# run in the empty environment; {cut} closes Python's sockets where the kernel's network cannot be taken away
READ = """
import json, socket, subprocess, sys
from pathlib import Path
{cut}
import boneage
from boneage.phantom import draw, write_dicom
answer = boneage.assess(write_dicom(draw(100, boneage.Sex.FEMALE, seed=3, size=(1000, 750)), Path("hand.dcm")))
assert not {{"torch", "scipy", "pandas"}} & set(sys.modules)
print(json.dumps([boneage.__version__, boneage.__file__, answer.estimates[0].bone_age_months, answer.weights]))
"""
CUT = "def _no(*args, **kwargs): raise OSError('the network is cut off')\nsocket.socket.connect = socket.getaddrinfo = _no"


def main() -> None:
    """Everything, in order; ends at the first thing that is wrong."""
    shutil.rmtree(DIST, ignore_errors=True)
    with TemporaryDirectory() as scratch:
        wheel, sdist = build(ROOT, DIST)
        check_same((wheel, sdist), build(ROOT, Path(scratch) / "again"))
        check_same((wheel,), build(unpack(sdist, Path(scratch)), Path(scratch) / "from-sdist")[:1])
        check_wheel(wheel)
        environment = install(wheel, Path(scratch) / "env")
        tell(read_without_network(environment, Path(scratch)))
        sbom = write_sbom(wheel, environment)
    files = (wheel, sdist, sbom)
    check_paths(files)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (DIST / "SHA256SUMS").write_text("".join(lines))
    tell("".join(lines))


def build(source: Path, out: Path) -> tuple[Path, Path]:
    """Wheel and sdist of a source tree. The date in them is SOURCE_DATE_EPOCH, else the last commit's, else hatchling's own."""
    run(sys.executable, "-m", "hatchling", "build", "-d", str(out), cwd=source, env=os.environ | epoch())
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def epoch() -> dict[str, str]:
    """SOURCE_DATE_EPOCH for a build, where it is known."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return {}
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"SOURCE_DATE_EPOCH": asked.stdout.strip()} if asked.returncode == 0 else {}


def check_same(ones: Iterable[Path], others: Iterable[Path]) -> None:
    """To the bit."""
    for one, other in zip(ones, others, strict=True):
        expect(one.read_bytes() == other.read_bytes(), f"{one.name} built again is another file")


def unpack(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")


def check_wheel(wheel: Path) -> None:
    """Small enough, with all that the reference system needs, and nothing that has no place in it."""
    from boneage.systems import REFERENCE

    names = zipfile.ZipFile(wheel).namelist()
    needed = [f"{name}{end}" for name in REFERENCE.weights for end in (".onnx", ".toml")]
    needed.append(f"{REFERENCE.calibration}.calibration.toml")
    absent = [name for name in needed if f"boneage/weights/{name}" not in names]
    expect(not absent, f"not in the wheel: {absent}")
    expect(wheel.stat().st_size < MOST_BYTES, f"the wheel has {wheel.stat().st_size:,} bytes")
    foreign = [name for name in names if any(part in name for part in NEVER)]
    expect(not foreign, f"in the wheel, though it has no place there: {foreign}")


def install(wheel: Path, folder: Path) -> Path:
    """The Python of a new environment that holds the wheel and its libraries, and not even pip."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel))
    return folder / "bin" / "python"


def read_without_network(python: Path, folder: Path) -> str:
    """A synthetic film is read with the cable out, by the installed package, from a folder that is no source tree."""
    unshare = ("unshare", "--net", "--map-root-user")
    allowed = shutil.which("unshare") and subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0
    code = READ.format(cut="" if allowed else CUT)
    said = run(*(unshare if allowed else ()), str(python), "-I", "-c", code, cwd=folder)
    version, file, months, weights = json.loads(said)
    expect(Path(file).is_relative_to(python.parents[1]), f"{file} was read, not the installed package")
    expect(version == project()["version"], f"the wheel says version {version}")
    line = run(str(python), "-I", "-m", "boneage", "--version", cwd=folder)
    expect(version in line and all(name in line for name in weights), f"--version says {line}")
    return f"{line}read without a network ({'kernel' if allowed else 'sockets closed'}): {months:.1f} months\n"


def write_sbom(wheel: Path, python: Path) -> Path:
    """CycloneDX of the environment, with the networks as components of their own. Raises where it is not valid."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    sbom = DIST / f"{wheel.name.split('-py3')[0]}.cdx.json"
    maker = (sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--sv", "1.6", "--mc-type", "library")
    made = json.loads(run(*maker, "--pyproject", str(ROOT / "pyproject.toml"), str(python)))
    made["components"] = [without_files(one) for one in (*made["components"], *networks(wheel)) if one["name"] != "boneage"]
    made["metadata"]["component"] = without_files(made["metadata"]["component"])
    text = json.dumps(made, indent=2, sort_keys=True) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    expect(fault is None, f"the SBOM is not valid: {fault}")
    sbom.write_text(text)
    return sbom


def networks(wheel: Path) -> list[Json]:
    """The wheel's networks, out of their cards."""
    found = list[Json]()
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".onnx"):
                continue
            card = tomllib.loads(archive.read(name.replace(".onnx", ".toml")).decode())
            found.append(
                {
                    "type": "machine-learning-model",
                    "bom-ref": card["name"],
                    "name": card["name"],
                    "hashes": [{"alg": "SHA-256", "content": card["sha256"]}],
                    "licenses": [{"license": {"name": card["license"]}}],
                    "description": f"ONNX network, trained {card['date']} by {card['training']['recipe']}",
                }
            )
    return found


def without_files(component: Json) -> Json:
    """Without references to this machine's files."""
    if "externalReferences" in component:
        kept = [one for one in component["externalReferences"] if not one["url"].startswith("file:")]
        component = component | {"externalReferences": kept}
    return component


def check_paths(files: Iterable[Path]) -> None:
    """No path of this machine stands in what is given away."""
    own = [str(path).encode() for path in (ROOT, Path.home()) if len(path.parts) > 2]
    for file in files:
        data = _whole(file)
        expect(not any(path in data for path in own), f"{file.name} holds a path of this machine")


def _whole(file: Path) -> bytes:
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return b"\n".join(wheel.read(name) for name in wheel.namelist() if not name.endswith(".onnx"))
    if file.suffix == ".gz":
        with tarfile.open(file) as sdist:
            members = [one for one in sdist.getmembers() if one.isfile() and not one.name.endswith(".onnx")]
            return b"\n".join(opened.read() for one in members if (opened := sdist.extractfile(one)) is not None)
    return file.read_bytes()


def project() -> Json:
    table: Json = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a command says on stdout. Ends where it fails, with what it says on stderr."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"{' '.join(command[:4])} ...:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def expect(holds: bool, else_told: str) -> None:
    if not holds:
        raise SystemExit(else_told)


def tell(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
