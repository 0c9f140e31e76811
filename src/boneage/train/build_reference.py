"""The reference network that a recipe names."""

from __future__ import annotations

from boneage.models.reference import Plan, Reference
from boneage.train.recipe import BoneAgeTask
from boneage.train.reference import EarlySex, GemPool, KeyPointsAid, SexAid


def build_reference(task: BoneAgeTask) -> Reference:
    """With random weights; fit for inputs of any size."""
    chosen = task.branches
    plan = Plan(
        views=len(chosen.views),
        gem_power=chosen.pooling.power if isinstance(chosen.pooling, GemPool) else None,
        early_sex=isinstance(chosen.sex, EarlySex),
        hidden=chosen.hidden,
        drop_path=chosen.drop_path,
        finds_points=any(isinstance(aid, KeyPointsAid) for aid in chosen.aids),
        finds_sex=any(isinstance(aid, SexAid) for aid in chosen.aids),
    )
    return Reference(plan, dropout=task.dropout)
