"""Faster R-CNN for the hand's box (Ren 2018, section II.B), torchvision's, on MobileNetV2 features.

Not in the paper: everything inside; it says "Faster-RCNN" and "rectangular bounding boxes for 1,000 images". The hand is one and
large, so one feature map serves (stride 8, joined top-down from strides 32 and 16), and anchors begin at a quarter of the film.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.models.mobilenet_v2 import TAP_CHANNELS, MobileNetV2, Padding
from boneage.models.torchvision_cpu import load

CHANNELS = 64
ANCHORS = (64, 90, 128, 181, 240)  # root of the area, px of a 256 px film
RATIOS = (0.75, 1.0, 1.33)  # height : width; films are squashed to a square
POOLED, HIDDEN = 7, 256
PROPOSALS = 50  # that the second stage looks at
KEPT = 5  # boxes of an answer at most; a second good one tells of a second hand

Found = tuple[Tensor, Tensor]  # boxes [N, 4] as (x0, y0, x1, y1) from the film's top left corner, px; scores [N], the best first


class Features(nn.Module):
    """[B, 1, H, W] in 0..1 -> one map [B, 64, H / 8, W / 8]."""

    def __init__(self) -> None:
        super().__init__()
        self.out_channels = CHANNELS
        self.trunk = MobileNetV2(Padding.SAME)
        self.lateral = nn.ModuleList(nn.Conv2d(taps, CHANNELS, 1) for taps in TAP_CHANNELS[1:])
        self.smooth = nn.Sequential(
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS, bias=False),
            nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        taps = self.trunk.taps(x)[1:]
        y = self.lateral[-1](taps[-1])
        for level in (1, 0):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest") + self.lateral[level](taps[level])
        smooth: Tensor = self.smooth(y)
        return smooth


class HandBoxNet(nn.Module):
    """Films [B, 1, H, W] in 0..1 -> the hand's boxes; in training also the four losses, which need the true boxes [B, 4]."""

    def __init__(self) -> None:
        super().__init__()
        detection = load("torchvision.models.detection.faster_rcnn")
        self.rcnn = detection.FasterRCNN(
            Features(),
            rpn_anchor_generator=detection.AnchorGenerator((ANCHORS,), (RATIOS,)),
            rpn_pre_nms_top_n_train=300,
            rpn_pre_nms_top_n_test=300,
            rpn_post_nms_top_n_train=2 * PROPOSALS,
            rpn_post_nms_top_n_test=PROPOSALS,
            rpn_batch_size_per_image=64,
            box_roi_pool=detection.MultiScaleRoIAlign(["0"], POOLED, 2),
            box_head=detection.TwoMLPHead(CHANNELS * POOLED**2, HIDDEN),
            box_predictor=detection.FastRCNNPredictor(HIDDEN, 2),  # background, hand
            box_batch_size_per_image=32,
            box_positive_fraction=0.5,
            box_detections_per_img=KEPT,
        )

    @property
    def trunk(self) -> MobileNetV2:
        trunk: MobileNetV2 = self.rcnn.backbone.trunk
        return trunk

    def losses(self, x: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """In training mode: the first stage's two losses and the second's, by torchvision's names."""
        labels = torch.ones(1, dtype=torch.int64, device=x.device)
        targets = [{"boxes": box[None], "labels": labels} for box in boxes]
        _, losses = self._stages(x, targets)
        return losses

    def forward(self, x: Tensor) -> list[Found]:
        """In evaluation mode: one answer for each film."""
        found, _ = self._stages(x, None)
        return [(one["boxes"], one["scores"]) for one in found]

    def _stages(self, x: Tensor, targets: list[dict[str, Tensor]] | None) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Both stages on films that already have the network's size, so without torchvision's own resizing."""
        maps = self.rcnn.backbone(x)
        sizes = [(x.shape[2], x.shape[3])] * x.shape[0]
        images = load("torchvision.models.detection.image_list").ImageList(x, sizes)
        with torch.autocast(x.device.type, enabled=False):  # a box in bfloat16 would be whole pixels off
            features = {"0": maps.float()}
            proposals, first = self.rcnn.rpn(images, features, targets)
            found, second = self.rcnn.roi_heads(features, proposals, sizes, targets)
        return found, first | second


class HandBoxExport(nn.Module):
    """What is exported: for one film [1, 1, H, W] boxes [N, 4] and scores [N], N at most 5, perhaps 0."""

    def __init__(self, net: HandBoxNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Found:
        return self.net(x)[0]  # type: ignore[no-any-return]
