"""What is exported of each kind of network: its module, the inputs and outputs by name, and what is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage.networks import LAB_WEIGHTS, WEIGHTS, Batch
from boneage.systems import REFERENCE, Answer
from boneage.train.alone import answer_of
from boneage.train.published import LogMonths, Months, PublishedTask, RegressionCnn
from boneage.train.recipe import BoneAgeTask, BoxTask, FinderTask, JointTask, KeyPointTask, MaskTask, PatchTask, Recipe
from boneage.vote import to_vote

Compared = Callable[[tuple[Batch, ...]], Batch]  # a network's answer -> what torch and ONNX must agree on


@dataclass(frozen=True)
class Form:
    """One network ready for export."""

    model: nn.Module  # as it was trained; the run's weights go in here
    exported: nn.Module  # the same weights, answering as the runtime wants it
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    compared: Compared = lambda answer: answer[0]
    unit: str = "probability"
    sexed: bool = False  # a second input, male 1 or female 0
    films: int = 2  # a call may take; one where the answer's length is not the films'
    channels: int = 1

    def example(self, size: tuple[int, int]) -> tuple[Tensor, ...]:
        image = torch.zeros(self.films, self.channels, *size)
        return (image, torch.zeros(self.films, 1)) if self.sexed else (image,)


def form_of(recipe: Recipe) -> Form:
    """The recipe's network, its weights not yet loaded. Imports only what that kind needs."""
    task = recipe.task
    match task:
        case FinderTask():
            from boneage.models.hand_finder import HandFinder, HandFinderExport

            finder = HandFinder()
            return Form(finder, HandFinderExport(finder), ("image",), ("points", "confidence", "whole"), unit="px")
        case BoneAgeTask() | PublishedTask():
            return _age_form(task, recipe.stages[-1].size)
        case MaskTask():
            from boneage.models.unet import UNet, UNetExport

            unet = UNet(filters=task.filters)
            return Form(unet, UNetExport(unet, sure=task.sure), ("image",), ("probability",))
        case PatchTask():
            from boneage.models.lenet import LeNet5, LeNet5Export

            lenet = LeNet5(patch=task.patch)
            return Form(lenet, LeNet5Export(lenet), ("image",), ("scores",))
        case KeyPointTask():
            from boneage.models.key_points import KeyPoints, KeyPointsExport

            points = KeyPoints(dropout=task.dropout)
            return Form(points, KeyPointsExport(points), ("image",), ("points",), unit="half frames")
        case JointTask():
            from boneage.models.joint_detector import JointDetector, JointDetectorExport

            joints = JointDetector()
            return Form(joints, JointDetectorExport(joints), ("image",), ("centers", "scores", "sizes"), unit="px")
        case BoxTask():
            from boneage.models.faster_rcnn import HandBoxExport, HandBoxNet

            def best(answer: tuple[Batch, ...]) -> Batch:
                return answer[0][:1]

            net = HandBoxNet()
            return Form(net, HandBoxExport(net), ("image",), ("boxes", "scores"), best, "px", films=1)


def _age_form(task: BoneAgeTask | PublishedTask, size: tuple[int, int]) -> Form:
    if isinstance(task, BoneAgeTask):
        from boneage.models.reference import ReferenceExport
        from boneage.train.build_reference import build_reference

        reference, months, views = build_reference(task), _months(Answer.MONTH_CLASSES), len(task.branches.views)
        asked, given = ("image", "sex"), ("probabilities",)
        return Form(reference, ReferenceExport(reference), asked, given, months, "months", sexed=True, channels=views)
    from boneage.train.build import build, takes_sex

    network, answer = build(task, size), answer_of(task)
    exported, outputs = _answering(network, task)
    return Form(
        network,
        exported,
        ("image", "sex") if takes_sex(task) else ("image",),
        outputs,
        _months(answer),
        "months",
        sexed=takes_sex(task),
        channels=len(task.films.crops),
    )


def _answering(network: nn.Module, task: PublishedTask) -> tuple[nn.Module, tuple[str, ...]]:
    """The network as the runtime wants it, and its outputs' names; Inception-V3's months come with their activation map."""
    inception = isinstance(task.network, RegressionCnn) and task.network.backbone == "inception_v3"  # its map has a known place
    if inception and isinstance(task.answer, Months):
        from boneage.models.regression_cnn import RegressionCnn as Regression
        from boneage.models.regression_cnn import RegressionCnnExport

        assert isinstance(network, Regression)
        answer = task.answer
        exported = RegressionCnnExport(network, center_months=answer.center_months, scale_months=answer.scale_months)
        return exported, ("months", "activation")
    from boneage.train.answers import AnswerExport

    return AnswerExport(network, task.answer), ("months",) if isinstance(task.answer, Months | LogMonths) else ("probabilities",)


def _months(answer: Answer) -> Compared:
    """The months that the runtime makes of an answer."""
    return lambda values: np.array([to_vote("", answer, row).months for row in values[0]], np.float32)


def weights_folder(recipe: Recipe) -> Path:
    """The package's weights for what `assess` uses by default, else the lab's beside the source tree."""
    return WEIGHTS if recipe.name in REFERENCE.weights else LAB_WEIGHTS
