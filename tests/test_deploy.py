"""What is in deploy/ fits together and fits the service: schemas, names, ports, probes, settings, versions, nothing secret."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
if not DEPLOY.is_dir():
    pytest.skip("deploy/ is not here: run in the source tree", allow_module_level=True)
pytest.importorskip("fastapi", reason="needs the serve extra: make test EXTRAS=serve")
yaml = pytest.importorskip("yaml", reason="needs the dev extra")

from sqlalchemy.engine import make_url  # noqa: E402

from boneage import __version__  # noqa: E402
from boneage.serve import run  # noqa: E402
from boneage.serve.apart import Only, need_shared  # noqa: E402
from boneage.serve.settings import Settings, read_settings  # noqa: E402

Manifest = dict[str, Any]
KUBERNETES = DEPLOY / "kubernetes"
SITE = KUBERNETES / "example-site"
VERSIONS = ("1.31", "1.37")  # of the schemas: what hospitals have, and the latest
GIVEN_BY_HAND = {"boneage-database", "boneage-tls"}  # Secrets
USER = 10001
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
COMPOSE: Manifest = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def manifests() -> list[Manifest]:
    """Every object of base, postgres and example site, as they stand in the files."""
    files = [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    return [one for path in files for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


ALL = manifests()


def of_kind(*kinds: str) -> list[Manifest]:
    return [one for one in ALL if one["kind"] in kinds]


def called(name: str, kind: str = "Deployment") -> Manifest:
    (one,) = (one for one in of_kind(kind) if one["metadata"]["name"] == name)
    return one


def pod(one: Manifest) -> Manifest:
    return dict(one["spec"]["template"]["spec"])


def title(one: Manifest) -> str:
    return f"{one['kind']}-{one['metadata']['name']}"


PODS = of_kind("Deployment", "StatefulSet")
OURS = [one for one in PODS if pod(one)["containers"][0]["image"] == "boneage"]


# ---- schemas


def check(one: Manifest) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="needs the dev extra")
    for version in VERSIONS:
        validate.validate(one, version, strict=True)


@pytest.mark.parametrize("one", ALL, ids=title)
def test_each_manifest_is_of_its_schema(one: Manifest) -> None:
    check(one)


def test_the_schemas_find_a_slip_of_the_pen() -> None:
    slip = called("boneage-server") | {"spec": called("boneage-server")["spec"] | {"replica": 1}}
    with pytest.raises(Exception, match="replica"):
        check(slip)


@pytest.fixture(scope="module")
def rendered() -> list[Manifest]:
    """The example site as it is applied."""
    program = next((one for one in ("kustomize", "kubectl") if shutil.which(one)), None)
    if program is None:
        pytest.skip("neither kustomize nor kubectl is here")
    words = [program, "build"] if program == "kustomize" else [program, "kustomize"]
    done = subprocess.run([*words, str(SITE)], check=True, capture_output=True, text=True, timeout=60)
    return list(yaml.safe_load_all(done.stdout))


def test_the_site_as_it_is_applied(rendered: list[Manifest]) -> None:
    assert len(rendered) == len(ALL) + 1  # the settings
    (settings,) = (one["metadata"]["name"] for one in rendered if one["kind"] == "Secret")
    assert settings.startswith("boneage-settings-")  # with a digest: other settings start the pods anew
    for one in rendered:
        check(one)
        assert one["metadata"]["namespace"] == "boneage"
        if one["metadata"]["name"] in {"boneage-server", "boneage-workers"} and one["kind"] == "Deployment":
            assert pod(one)["containers"][0]["image"] == f"boneage:{__version__}"
            assert {"secretName": settings, "defaultMode": 0o440} in [volume.get("secret") for volume in pod(one)["volumes"]]
    (dicom,) = (one for one in rendered if one["kind"] == "Service" and one["metadata"]["name"] == "boneage-dicom")
    assert dicom["spec"]["type"] == "LoadBalancer"
    assert dicom["spec"]["loadBalancerSourceRanges"]


# ---- names


def holds(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def selected(selector: dict[str, str]) -> list[Manifest]:
    return [one for one in PODS if holds(selector, one["spec"]["template"]["metadata"]["labels"])]


def port_names(one: Manifest) -> set[str]:
    return {port["name"] for container in pod(one)["containers"] for port in container.get("ports", [])}


@pytest.mark.parametrize("one", PODS, ids=title)
def test_pods_are_their_owners_and_nobody_elses(one: Manifest) -> None:
    assert selected(one["spec"]["selector"]["matchLabels"]) == [one]


@pytest.mark.parametrize("one", of_kind("Service"), ids=title)
def test_a_service_leads_to_one_kind_of_pods_and_to_a_port_of_them(one: Manifest) -> None:
    (behind,) = selected(one["spec"]["selector"])
    assert {port["targetPort"] for port in one["spec"]["ports"]} <= port_names(behind)


def test_scaler_budget_and_ingress_mean_what_is_there() -> None:
    (scaler,), (budget,), (ingress,) = (of_kind(kind) for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"))
    workers = called("boneage-workers")
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (workers["kind"], workers["metadata"]["name"])
    assert "replicas" not in workers["spec"]  # each apply would undo the scaler
    assert "cpu" in pod(workers)["containers"][0]["resources"]["requests"]  # of which it takes its share
    assert selected(budget["spec"]["selector"]["matchLabels"]) == [workers]
    assert budget["spec"]["minAvailable"] < scaler["spec"]["minReplicas"]  # else no node could be emptied
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["port"]["name"] in {port["name"] for port in called(backend["name"], "Service")["spec"]["ports"]}


def test_volumes_and_secrets_are_there() -> None:
    claims = {one["metadata"]["name"] for one in of_kind("PersistentVolumeClaim")}
    generated = {one["name"] for one in yaml.safe_load((SITE / "kustomization.yaml").read_text())["secretGenerator"]}
    for one in PODS:
        volumes = {volume["name"]: volume for volume in pod(one)["volumes"]}
        volumes |= {claim["metadata"]["name"]: claim for claim in one["spec"].get("volumeClaimTemplates", [])}
        for volume in volumes.values():
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "boneage-films") in claims
            assert volume.get("secret", {}).get("secretName", "boneage-settings") in generated
        for container in pod(one)["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
            secrets = [variable["valueFrom"]["secretKeyRef"]["name"] for variable in container["env"] if "valueFrom" in variable]
            assert set(secrets) <= GIVEN_BY_HAND
    assert {tls["secretName"] for one in of_kind("Ingress") for tls in one["spec"]["tls"]} <= GIVEN_BY_HAND


def test_every_policy_is_of_pods_that_are_there_and_nobody_is_left_out() -> None:
    closed: set[tuple[str, str]] = set()
    for one in of_kind("NetworkPolicy"):
        meant = selected(one["spec"]["podSelector"]["matchLabels"])
        assert meant
        closed |= {(title(each), way) for each in meant for way in one["spec"]["policyTypes"]}
        for rule in one["spec"].get("ingress", []):
            assert rule["from"]  # an empty list is everybody
            assert {port["port"] for port in rule["ports"]} <= set.union(*map(port_names, meant))
    assert closed == {(title(one), way) for one in PODS for way in ("Ingress", "Egress")}


# ---- safety


@pytest.mark.parametrize("one", PODS, ids=title)
def test_pods_have_no_rights_and_bounds(one: Manifest) -> None:
    spec = pod(one)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    for container in spec["containers"]:
        context, resources = container["securityContext"], container["resources"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
        assert resources["limits"]["memory"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_nothing_secret_is_in_the_files() -> None:
    assert not of_kind("Secret")
    for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
        found = re.findall(r"(?i)(?:password|(?<!account)token|secret)[ \t]*[:=][ \t]*(\S+)", path.read_text(encoding="utf-8"))
        assert not [one for one in found if not one.startswith(("${BONEAGE", '"$(openssl', "$(openssl"))], path


def test_one_user_in_the_image_and_in_the_pods() -> None:
    assert re.search(rf"^USER {USER}:{USER}$", CONTAINERFILE, re.MULTILINE)
    for one in OURS:
        context = pod(one)["securityContext"]
        assert {context["runAsUser"], context["runAsGroup"], context["fsGroup"]} == {USER}


def test_one_server_that_ends_before_the_next_begins() -> None:
    server = called("boneage-server")
    assert server["spec"]["replicas"] == 1
    assert server["spec"]["strategy"] == {"type": "Recreate"}


def test_there_is_time_to_end() -> None:
    for one in OURS:
        assert pod(one)["terminationGracePeriodSeconds"] > run.STOP_SECONDS
    for name in ("server", "workers"):
        assert int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s")) > run.STOP_SECONDS


# ---- the service


@pytest.fixture(params=[SITE / "site.toml", DEPLOY / "compose-site.toml"], ids=["kubernetes", "compose"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return read_settings(request.param)


def test_the_settings_are_a_site_s_whose_parts_may_run_apart(settings: Settings) -> None:
    need_shared(settings)
    assert make_url(settings.database_url).password is None  # by PGPASSWORD
    assert settings.web.secure
    assert settings.listener is not None
    assert settings.listener.host == settings.web.host == "0.0.0.0"  # another address would not be the pod's
    assert settings.folder == Path("/var/lib/boneage")


def arguments(words: list[str]) -> tuple[Only, Path]:
    """Of `boneage serve --only PART --settings FILE`."""
    assert words[:2] == ["serve", "--only"]
    assert words[3] == "--settings"
    return Only(words[2]), Path(words[4])


def test_pods_run_the_parts_and_see_their_settings_and_folder() -> None:
    site = read_settings(SITE / "site.toml")
    for one, part in zip((called("boneage-server"), called("boneage-workers")), Only, strict=True):
        (container,) = pod(one)["containers"]
        only, file = arguments(container["args"])
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        assert only is part
        assert file.name in {path.name for path in SITE.iterdir()}
        assert mounts[str(file.parent)] == "settings"
        assert mounts[str(site.folder)] == "films"
    ports = {port["name"]: port["containerPort"] for port in pod(called("boneage-server"))["containers"][0]["ports"]}
    assert site.listener is not None
    assert ports == {"http": site.web.port, "dicom": site.listener.port}
    assert make_url(site.database_url).host == called("boneage-postgres", "Service")["metadata"]["name"]


def test_results_may_leave_for_the_archive() -> None:
    site, policy = read_settings(SITE / "site.toml"), called("boneage-hospital", "NetworkPolicy")
    (rule,) = policy["spec"]["egress"]
    (archive,) = site.destinations
    assert rule["to"] == [{"ipBlock": {"cidr": f"{archive.host}/32"}}]  # type: ignore[union-attr]
    assert [port["port"] for port in rule["ports"]] == [archive.port]  # type: ignore[union-attr]


def test_the_ingress_lets_through_what_the_service_takes() -> None:
    web, annotations = read_settings(SITE / "site.toml").web, of_kind("Ingress")[0]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == f"{web.upload_mib}m"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > web.request_seconds


def test_probes_ask_what_is_there_and_a_database_that_is_away_kills_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2", reason="needs the dev extra")
    from sqlalchemy.exc import OperationalError
    from starlette.testclient import TestClient

    from boneage.serve.site import open_site
    from boneage.serve.store.worklist import Worklist
    from boneage.serve.web.app import create_app

    (container,) = pod(called("boneage-server"))["containers"]
    alive, ready, started = (container[f"{one}Probe"]["httpGet"] for one in ("liveness", "readiness", "startup"))
    assert {one["port"] for one in (alive, ready, started)} == {"http"}
    site = open_site(Settings(folder=tmp_path))
    client = TestClient(create_app(site))
    assert {client.get(one["path"]).status_code for one in (alive, ready, started)} == {200}
    annotations = called("boneage-server")["spec"]["template"]["metadata"]["annotations"]
    assert client.get(annotations["prometheus.io/path"]).status_code == 200
    assert int(annotations["prometheus.io/port"]) == read_settings(SITE / "site.toml").web.port

    def away(self: Worklist) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(Worklist, "counts", away)
    assert client.get(ready["path"]).status_code >= 500
    assert client.get(alive["path"]).status_code == 200
    site.engine.dispose()


# ---- image and compose


def test_one_version_everywhere() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
    assert re.findall(r"^ARG VERSION=(.+)$", CONTAINERFILE, re.MULTILINE) == [__version__]
    (image,) = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())["images"]
    assert image["newTag"] == __version__
    for path in (*DEPLOY.rglob("*.yaml"), DEPLOY / "Containerfile", ROOT / "docs" / "how-to" / "deploy.md"):
        assert set(re.findall(r"\bboneage:(\d[\w.]*)", path.read_text(encoding="utf-8"))) <= {__version__}, path


def test_what_the_image_takes_is_there() -> None:
    copied = [word for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE) for word in line.split()[:-1]]
    sources = [one for one in copied if not one.startswith(("--", "dist/"))]
    assert sources
    assert all((ROOT / one).is_file() for one in sources)
    assert f"dist/boneage-{__version__}-py3-none-any.whl" in [one.replace("${VERSION}", __version__) for one in copied]
    assert "[serve]" in CONTAINERFILE
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert re.search(rf"^FROM \S+/python:{re.escape(needs)}-slim$", CONTAINERFILE, re.MULTILINE)
    pango = {"libpango-1.0-0", "libpangoft2-1.0-0"}
    assert pango <= set((ROOT / "tests" / "debian-packages.txt").read_text().split()) & set(CONTAINERFILE.split())


def test_the_image_s_ports_and_command_are_those_of_the_service() -> None:
    site = read_settings(SITE / "site.toml")
    assert site.listener is not None
    assert f"EXPOSE {site.web.port} {site.listener.port}" in CONTAINERFILE
    (file,) = re.findall(r'CMD \["serve", "--settings", "(.+)"\]', CONTAINERFILE)
    assert f'"boneage-healthy", "{file}"' in CONTAINERFILE
    assert arguments(pod(called("boneage-server"))["containers"][0]["args"])[1] == Path(file)


def test_compose_runs_one_server_and_workers_without_rights() -> None:
    parts = {name: COMPOSE["services"][name] for name in ("server", "workers")}
    for (name, one), part in zip(parts.items(), Only, strict=True):
        assert arguments(one["command"])[0] is part, name
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["environment"]["PGPASSWORD"].startswith("${BONEAGE_DATABASE_PASSWORD:?")
        assert any(mount.endswith(":/var/lib/boneage") for mount in one["volumes"])
    assert "ports" not in parts["workers"]
    assert "ports" not in COMPOSE["services"]["database"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    site = read_settings(DEPLOY / "compose-site.toml")
    assert site.listener is not None
    assert [port.split(":")[1] for port in parts["server"]["ports"]] == [str(site.web.port), str(site.listener.port)]
    assert make_url(site.database_url).host in COMPOSE["services"]
    mounts = [mount.split(":")[:2] for mount in parts["server"]["volumes"]]
    assert ["./compose-site.toml", "/etc/boneage/site.toml"] in mounts
    assert ["./tls", "/etc/boneage/tls"] in mounts
    assert site.web.certificate == DEPLOY / "tls" / "server.pem"  # beside the settings, as in the container


# ---- the health check


def program() -> Any:
    spec = importlib.util.spec_from_file_location("healthy", DEPLOY / "healthy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/health"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "healthy"),
    [(200, b'{"status": "ok"}', True), (200, b"<html>", False), (200, b"{}", False), (500, b'{"status": "ok"}', False)],
)
def test_the_health_check_tells_who_is_well(status: int, body: bytes, healthy: bool) -> None:
    with answering(status, body) as url:
        assert program().is_healthy(url) is healthy
    assert not program().is_healthy(url)  # nobody is there any more


def test_the_health_check_asks_where_the_service_listens(tmp_path: Path) -> None:
    address: Callable[[Path], str] = program().address
    assert address(SITE / "site.toml") == "http://127.0.0.1:8080/health"
    assert address(DEPLOY / "compose-site.toml") == "https://127.0.0.1:8443/health"
    (tmp_path / "site.toml").write_text("")
    assert address(tmp_path / "site.toml") == f"http://127.0.0.1:{Settings().web.port}/health"


# ---- the page


def test_the_metrics_to_be_watched_are_there() -> None:
    told = set(re.findall(r"`(boneage_[a-z_]+)", (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")))
    source = (ROOT / "src" / "boneage" / "serve" / "web" / "metrics.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(boneage_[a-z_]+)"', source))
    assert told - {"boneage_films"}
    assert {one.removesuffix("_total") for one in told} <= known
