"""One film through the reference and through the networks of peers in plain torch, taking turns in one process, and their memory.

    python benchmarks/peers.py [FILM] --out results/peers.csv    # about 5 minutes on two cores

The peers' networks have random weights: time and memory do not depend on them. They are timm's, run by torch in inference mode
with all of the machine's threads; the reference as it is shipped has one thread. The peers' whole way is our own reading, the
film squashed to their size, and their networks, each once: no detection, no cropping, no views. Memory: of one film in a
process of its own; the row "torch alone" is what torch and timm take before any network. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import torch
from processes import peak_mib
from told import tell
from torch import Tensor, nn

from boneage import REFERENCE, Sex, assess
from boneage.engines import threads_asked
from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today
from boneage.models import torchvision_cpu
from boneage.models.costs import count
from boneage.models.hand_finder import HandFinder
from boneage.models.reference import Reference
from boneage.models.unet import UNet
from boneage.networks import load_network
from boneage.phantom import draw, write_dicom
from boneage.pipeline import perceive
from boneage.read import read
from boneage.systems import HAND_FINDER
from boneage.vote import vote

TURNS = 30
OURS, OUR_NETWORK, TORCH = REFERENCE.name, f"the network of {REFERENCE.name} in plain torch", "torch alone"
CLASSES = 240
MASK_FILTERS = 16  # of the mask network; as this project's own has


@dataclass(frozen=True)
class Peer:
    """A published way of reading, as far as its cost goes."""

    networks: tuple[str, ...]  # timm's names
    px: int  # height and width
    masked: bool = False
    assumed: str = "one view of the whole film; one dense layer of 240 months as head; the sex left out"


_MASK = f"; for its mask network (FastSurferCNN) stands a U-Net of {MASK_FILTERS} filters at the same size"
B4_AND_B0 = ("efficientnet_b4", "efficientnet_b0", "efficientnet_b0")
PEERS = {
    "EfficientNet-B4, two B0, mask network": Peer(B4_AND_B0, 512, masked=True, assumed=Peer.assumed + _MASK),
    "EfficientNet-B4, two B0, without the mask": Peer(B4_AND_B0, 512),
    "three ConvNeXtV2-tiny": Peer(("convnextv2_tiny",) * 3, 512),
    "Inception-V3": Peer(("inception_v3",), 500),
}


@dataclass(frozen=True)
class Way:
    """Ready to run on one film."""

    networks: Callable[[], object]  # on what was prepared of the film
    film: Callable[[], object] | None  # from the file to the answer
    parameters: int
    multiply_adds: int
    threads: int
    assumed: str = ""


class Ensemble(nn.Module):
    """A film [1, 1, S, S] -> months [1]: masked where the peer does so, the networks' distributions averaged."""

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        timm = torchvision_cpu.load("timm")
        self.mask = UNet(filters=MASK_FILTERS) if peer.masked else None
        networks = (timm.create_model(name, pretrained=False, in_chans=1, num_classes=CLASSES) for name in peer.networks)
        self.networks = nn.ModuleList(networks)

    def forward(self, film: Tensor) -> Tensor:
        if self.mask is not None:
            film = film * (self.mask(film) > 0)
        months = torch.stack([network(film).softmax(1) for network in self.networks]).mean(0)
        return months @ torch.arange(CLASSES, dtype=torch.float32)


class Told(nn.Module):
    """A network that takes the sex too, told it."""

    def __init__(self, network: nn.Module, male: Tensor) -> None:
        super().__init__()
        self.network, self.male = network, male

    def forward(self, film: Tensor) -> Tensor:
        answer: Tensor = self.network(film, self.male)[0]
        return answer


def peer_way(peer: Peer, film: Path) -> Way:
    ensemble, prepared = Ensemble(peer).eval(), squashed(film, peer.px)
    return Way(
        lambda: inferred(ensemble, prepared),
        lambda: inferred(ensemble, squashed(film, peer.px)),
        *counted(ensemble, prepared),
        threads=torch.get_num_threads(),
        assumed=peer.assumed,
    )


def reference_ways(film: Path, sex: Sex) -> dict[str, Way]:
    """As it is shipped, and its network as a torch module, for the engine's share in the difference."""
    crops = perceive(read(film), REFERENCE).crops
    batch = torch.zeros(2, 1, *crops[0].pixels.shape)  # as is and mirrored
    network = Told(Reference(), torch.full((2, 1), float(sex is Sex.MALE))).eval()
    own = counted(network, batch)
    finder = counted(HandFinder(), torch.zeros(2, 1, *load_network(HAND_FINDER).size))  # two looks
    return {
        OURS: Way(
            lambda: vote(REFERENCE.members, crops, sex, load=load_network),
            lambda: assess(film, sex=sex),
            own[0] + finder[0],
            own[1] + finder[1],
            threads=threads_asked(),
            assumed="both views; the hand finder's two looks in all but networks_seconds",
        ),
        OUR_NETWORK: Way(
            lambda: inferred(network, batch), None, *own, threads=torch.get_num_threads(), assumed="both views; random weights"
        ),
    }


def inferred(network: nn.Module, batch: Tensor) -> Tensor:
    with torch.inference_mode():
        answer: Tensor = network(batch)
        return answer


def squashed(film: Path, px: int) -> Tensor:
    """The file as a batch [1, 1, px, px]."""
    return torch.from_numpy(cv2.resize(read(film).pixels, (px, px), interpolation=cv2.INTER_AREA))[None, None]


def counted(network: nn.Module, batch: Tensor) -> tuple[int, int]:
    """Parameters, and multiplications with their additions for the batch: convolutions and dense layers (models/costs.py).

    Transposed convolutions, which are not counted there, are added: of the mask network's no two windows overlap.
    """
    above: list[int] = []

    def see(layer: nn.Module, _: object, output: Tensor) -> None:
        assert isinstance(layer, nn.ConvTranspose2d)
        above.append(output.numel() * layer.in_channels)

    hooks = [one.register_forward_hook(see) for one in network.modules() if isinstance(one, nn.ConvTranspose2d)]
    parameters, operations = count(network, batch)
    for hook in hooks:
        hook.remove()
    return parameters, operations // 2 + sum(above)


def taking_turns(jobs: Mapping[tuple[str, str], Callable[[], object]], turns: int) -> dict[tuple[str, str], float]:
    """The median seconds of each; what slows the machine slows all. The first round only warms up."""
    seconds: dict[tuple[str, str], list[float]] = {name: [] for name in jobs}
    for _ in range(turns + 1):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(own[1:]) for name, own in seconds.items()}


def alone(name: str, film: Path) -> None:
    """One film in this process, for its memory."""
    if name == TORCH:
        torchvision_cpu.load("timm")
    else:
        inferred(Ensemble(PEERS[name]).eval(), squashed(film, PEERS[name].px))


def memory_of(name: str, film: Path, sex: Sex) -> float | None:
    """Peak of one film in a process of its own; the reference's is that of `boneage assess FILM`."""
    if name == OUR_NETWORK:
        return None
    if name == OURS:
        return peak_mib([sys.executable, "-m", "boneage", "assess", str(film), "--sex", sex.value, "--json"])
    return peak_mib([sys.executable, __file__, str(film), "--alone", name])


def rows_of(film: Path, sex: Sex, turns: int) -> list[dict[str, Any]]:
    ways = reference_ways(film, sex) | {name: peer_way(peer, film) for name, peer in PEERS.items()}
    jobs = {(name, "networks"): way.networks for name, way in ways.items()}
    jobs |= {(name, "film"): way.film for name, way in ways.items() if way.film is not None}
    seconds = taking_turns(jobs, turns)
    rows = []
    for name, way in ways.items():
        spent = {part: seconds.get((name, part)) for part in ("networks", "film")}
        ours = {part: seconds[OURS, part] for part in spent}
        rows.append(
            {
                "way": name,
                "networks_seconds": spent["networks"],
                "networks_times_ours": _ratio(spent["networks"], ours["networks"]),
                "film_seconds": spent["film"],
                "film_times_ours": _ratio(spent["film"], ours["film"]),
                "parameters": way.parameters,
                "multiply_adds": way.multiply_adds,
                "peak_mib": memory_of(name, film, sex),
                "threads": way.threads,
                "assumed": way.assumed,
            }
        )
    return [*rows, {"way": TORCH, "peak_mib": memory_of(TORCH, film, sex)}]


def _ratio(own: float | None, ours: float) -> float | None:
    return None if own is None else own / ours


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("film", type=Path, nargs="?", help="else a phantom of 2,000 x 1,500 pixels")
    arguments.add_argument("--sex", type=Sex, default=Sex.MALE)
    arguments.add_argument("--turns", type=int, default=TURNS)
    arguments.add_argument("--out", type=Path, default=None)
    arguments.add_argument("--alone", choices=[*PEERS, TORCH], default=None, help="one film through that way, and nothing said")
    chosen = arguments.parse_args()
    if chosen.alone is not None:
        alone(chosen.alone, chosen.film)
        return
    with TemporaryDirectory() as folder:
        film = chosen.film or write_dicom(draw(120, Sex.MALE, seed=1, size=(2000, 1500)), Path(folder) / "phantom.dcm")
        height, width = read(film).size
        rows = rows_of(film, chosen.sex, chosen.turns)
    for row in rows:
        tell(row)
    if chosen.out:
        origin = {"turns": chosen.turns, "film_height": height, "film_width": width, "date": today()}
        write_flat(chosen.out, rows, origin)


if __name__ == "__main__":
    main()
