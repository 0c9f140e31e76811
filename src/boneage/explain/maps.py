"""All heat maps of a film that was read: occlusion for every system, regression activation where the networks hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from boneage.explain.heat import HeatMap, mean_map
from boneage.explain.occlusion import Occlusion, occlude
from boneage.explain.ram import activate
from boneage.networks import OnnxNetwork, load_network
from boneage.systems import System
from boneage.types import Assessment, Sex

Load = Callable[[str], OnnxNetwork]


def explain(
    assessment: Assessment,
    system: System,
    *,
    options: Occlusion = Occlusion(),  # noqa: B008 frozen
    load: Load = load_network,
    before: Callable[[], object] = lambda: None,
) -> tuple[HeatMap, ...]:
    """Each kind of map, the mean over the networks that had a vote; where both sexes were assessed, each sex's map.

    `before`: as `occlude` has it.
    """
    sexes = [estimate.sex for estimate in assessment.estimates]
    return tuple(
        replace(found, name=f"{found.name} {sex.value}") if sex is not None and len(sexes) > 1 else found
        for sex in sexes
        for found in _of_one_sex(assessment, system, sex, partial(occlude, options=options, before=before), load)
    )


def _of_one_sex(
    assessment: Assessment, system: System, sex: Sex | None, cover: Callable[..., HeatMap | None], load: Load
) -> tuple[HeatMap, ...]:
    by_name = {crop.name: crop for crop in assessment.prepared.crops}
    serving = [member for member in system.members if member.sex.serves(sex)]
    seen = [(member, [by_name[name] for name in member.crops], load(member.network)) for member in serving]
    kinds = (
        [cover(member, crops, sex, network) for member, crops, network in seen],
        [activate(member, crops, sex, network) for member, crops, network in seen],
    )
    found = ([one for one in maps if one is not None] for maps in kinds)
    return tuple(mean_map(maps, assessment.radiograph.size) for maps in found if maps)
