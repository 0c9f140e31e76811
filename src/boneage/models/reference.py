"""The reference network: MobileNetV2 features of one region or several, the sex joined, a distribution over 240 months.

Not from the papers; the 240 classes and their expectation are Iglovikov 2018's, the joined sex Ren 2018's. What a recipe may
choose beside the first network's form: `Plan`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from boneage.models.mobilenet_v2 import TAP_CHANNELS, TAPS, WIDTH, InvertedResidual, MobileNetV2, Padding

CLASSES = 240  # months 0..239
SCALE_MONTHS = 40.0  # of the regression output, so that it starts near unit size
CENTER_MONTHS = 127.0
SEX_WIDTH = 32
STEERED = dict(zip(TAPS[1:3], TAP_CHANNELS[1:3], strict=True))  # layer: channels; where the early sex comes in, strides 8 and 16
POINTS = 21


@dataclass(frozen=True)
class Plan:
    """The network's form; as it stands here, the first reference's."""

    views: int = 1  # regions, one channel of the input each
    gem_power: float | None = None  # None: the mean
    early_sex: bool = False
    hidden: int = 512
    drop_path: float = 0.0
    finds_points: bool = False  # auxiliary heads, in training alone
    finds_sex: bool = False


@dataclass(frozen=True)
class Outputs:
    """What the network says in training."""

    logits: Tensor  # [B, 240]
    regression: Tensor  # [B] months
    points: Tensor | None  # [B, 21, 2] (x, y) on the first view, -1..1 from edge to edge
    male: Tensor | None  # [B] logits


class Reference(nn.Module):
    """[B, V, H, W] in 0..1 and sex [B, 1] (1 male, 0 female) -> logits [B, 240] and a regression [B] in months.

    The regression output is trained beside the distribution for comparison; only the distribution is exported.
    """

    def __init__(self, plan: Plan = Plan(), *, dropout: float = 0.2) -> None:
        super().__init__()
        self.plan = plan
        self.trunk = SteeredTrunk(drop_path=plan.drop_path)
        self.sex = nn.Sequential(nn.Linear(1, SEX_WIDTH), nn.ReLU(inplace=True))
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(WIDTH * plan.views + SEX_WIDTH, plan.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(plan.hidden, CLASSES + 1),
        )
        # what came later is built after, so that the first network's start stays the same to the bit
        self.pool = mean_pool if plan.gem_power is None else GeM(plan.gem_power)
        self.steer = nn.ModuleDict({str(at): Steer(channels) for at, channels in STEERED.items()} if plan.early_sex else {})
        self.find_points = nn.Conv2d(WIDTH, POINTS, 1) if plan.finds_points else None
        self.find_sex = nn.Linear(WIDTH * plan.views, 1) if plan.finds_sex else None

    def forward(self, x: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        pooled, _ = self._features(x, sex)
        return self._answer(pooled, sex)

    def with_aids(self, x: Tensor, sex: Tensor) -> Outputs:
        """The same, and what the auxiliary heads say."""
        pooled, maps = self._features(x, sex)
        points = None if self.find_points is None else peak(self.find_points(maps[:, 0]).flip(2, 3))  # the trunk sees it turned
        male = None if self.find_sex is None else self.find_sex(pooled)[:, 0]
        return Outputs(*self._answer(pooled, sex), points, male)

    def _features(self, x: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled [B, V x 1280], and the last maps [B, V, 1280, h, w]."""
        films, views = x.shape[:2]
        signed = (2 * sex - 1).repeat(1, views).reshape(-1, 1) if self.plan.early_sex else None
        after = {int(at): steer.by(signed) for at, steer in self.steer.items() if isinstance(steer, Steer) and signed is not None}
        maps = self.trunk.steered(x.reshape(films * views, 1, *x.shape[2:]), after)
        return self.pool(maps).reshape(films, views * WIDTH), maps.reshape(films, views, *maps.shape[1:])

    def _answer(self, pooled: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        answer = self.head(torch.cat([pooled, self.sex(2 * sex - 1)], 1))
        return answer[:, :CLASSES], answer[:, CLASSES] * SCALE_MONTHS + CENTER_MONTHS


class SteeredTrunk(MobileNetV2):
    """MobileNetV2 whose maps may be changed on the way, and with stochastic depth (Huang 2016, section 3)."""

    def __init__(self, *, drop_path: float) -> None:
        super().__init__(Padding.TURNED)
        self.drop_path = drop_path

    def steered(self, x: Tensor, after: dict[int, Callable[[Tensor], Tensor]]) -> Tensor:
        """As `forward`; `after`: what changes the map behind a layer."""
        x = self._scaled(x)
        for index, layer in enumerate(self.features):
            chance = self.drop_path * index / TAPS[-1] if self.training else 0.0
            if chance and isinstance(layer, InvertedResidual) and layer.adds:
                x = x + drop_films(layer.conv(x), chance)
            else:
                x = layer(x)
            x = after[index](x) if index in after else x
        return x


class Steer(nn.Module):
    """Each channel of a map scaled and shifted by sex (FiLM: Perez 2018, equation 2); at the start it changes nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Linear(1, 2 * channels, bias=False)
        nn.init.zeros_(self.change.weight)

    def by(self, signed: Tensor) -> Callable[[Tensor], Tensor]:
        """For the sex [B, 1], 1 male and -1 female: a function of maps [B, C, h, w]."""
        gain, shift = self.change(signed)[:, :, None, None].chunk(2, 1)
        return lambda maps: maps * (1 + gain) + shift


class GeM(nn.Module):
    """Maps [B, C, h, w] -> [B, C]: the generalized mean over the map, its power learned (Radenovic 2018, equation 3)."""

    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))

    def forward(self, maps: Tensor) -> Tensor:
        with torch.autocast(maps.device.type, enabled=False):  # powers of bfloat16 lose the digits
            return maps.float().clamp_min(1e-4).pow(self.power).mean((2, 3)).pow(1 / self.power)


def mean_pool(maps: Tensor) -> Tensor:
    """Maps [B, C, h, w] -> [B, C]."""
    return maps.mean((2, 3))


def drop_films(branch: Tensor, chance: float) -> Tensor:
    """A residual branch [B, ...] left out for some films, the others' made up for it: the mean stays."""
    kept = torch.rand(branch.shape[0], 1, 1, 1, device=branch.device) >= chance
    return branch * (kept.to(branch.dtype) / (1 - chance))


def peak(logits: Tensor) -> Tensor:
    """Heat maps [B, N, h, w] -> each one's expected place [B, N, 2] as (x, y), -1..1 from edge to edge."""
    height, width = logits.shape[2:]
    heat = logits.float().flatten(2).softmax(2).reshape(logits.shape)
    x, y = ((torch.arange(n, device=logits.device) + 0.5) * 2 / n - 1 for n in (width, height))
    return torch.stack([(heat.sum(2) * x).sum(2), (heat.sum(3) * y).sum(2)], 2)


def expectation(logits: Tensor) -> Tensor:
    """Logits [B, 240] -> months [B]: softmax times 0..239 (Iglovikov 2018, section 4.2)."""
    months = torch.arange(logits.shape[1], device=logits.device, dtype=torch.float32)
    return logits.float().softmax(1) @ months


class ReferenceExport(nn.Module):
    """What is exported: probabilities [B, 240]."""

    def __init__(self, network: Reference) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, sex: Tensor) -> Tensor:
        logits, _ = self.network(x, sex)
        probabilities: Tensor = logits.softmax(1)
        return probabilities
