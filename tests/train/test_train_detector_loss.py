"""What the loss rewards, and that a network can learn by it."""

from __future__ import annotations

import torch

from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.train.detector_loss import Targets, assign, detector_loss, flatten, iou

SMALL = DetectorConfig(
    input_px=(96, 64), stem=8, widths=(8, 16, 16, 16), depths=(0, 1, 1, 0), neck=(16, 16), head=16
)


def targets(*boxes: tuple[float, float, float, float], ignore: tuple[bool, ...] = ()) -> Targets:
    n = len(boxes)
    hidden = torch.tensor([list(ignore) or [False] * n])
    return Targets(torch.tensor([boxes]), torch.ones(1, n, dtype=torch.bool), hidden)


def empty_maps() -> list[torch.Tensor]:
    maps = [torch.zeros(1, 5, 8, 12), torch.zeros(1, 5, 4, 6)]
    for level in maps:
        level[:, 0] = -4.0
        level[:, 3], level[:, 4] = 1.0, 1.8
    return maps


def test_cells_outside_every_person_learn_emptiness():
    wanted = targets((20.0, 8.0, 40.0, 56.0))
    predictions = flatten(empty_maps())
    score, _, weight = assign(predictions, wanted)
    x, y = predictions.centre[score[0] > 0].T
    assert len(x) > 0
    assert bool(((x > 16) & (x < 48) & (y > 0) & (y < 64)).all())
    assert bool((weight == 1).all())


def test_an_ignored_person_teaches_nothing():
    wanted = targets((20.0, 8.0, 40.0, 56.0), ignore=(True,))
    predictions = flatten(empty_maps())
    score, _, weight = assign(predictions, wanted)
    inside = (predictions.centre > wanted.boxes[0, 0, :2]).all(1) & (
        predictions.centre < wanted.boxes[0, 0, 2:]
    ).all(1)
    assert bool((score == 0).all())
    assert bool((weight[0][inside] == 0).all())
    assert bool((weight[0][~inside] == 1).all())


def test_two_people_side_by_side_are_both_served():
    wanted = targets((20.0, 8.0, 40.0, 56.0), (30.0, 8.0, 50.0, 56.0))
    score, serves, _ = assign(flatten(empty_maps()), wanted)
    assert set(serves[score > 0].tolist()) == {0, 1}


def test_generalised_overlap_still_falls_when_boxes_part():
    box = torch.tensor([0.0, 0.0, 10.0, 10.0])
    near, far = torch.tensor([12.0, 0, 22, 10]), torch.tensor([40.0, 0, 50, 10])
    assert float(iou(box, near)) == float(iou(box, far)) == 0
    assert float(iou(box, near, generalised=True)) > float(iou(box, far, generalised=True))
    assert abs(float(iou(box, box, generalised=True)) - 1) < 1e-6


def test_a_network_learns_one_picture():
    torch.manual_seed(0)
    net = PersonNet(SMALL).train()
    image = torch.zeros(1, 3, 64, 96)
    image[:, :, 8:56, 20:40] = 1.0
    wanted = targets((20.0, 8.0, 40.0, 56.0))
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = detector_loss(net(image), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    predictions = flatten(net(image))
    best = predictions.logit[0].argmax()
    assert losses[-1] < 0.5 * losses[0]
    assert float(iou(predictions.boxes[0, best], wanted.boxes[0, 0])) > 0.6
