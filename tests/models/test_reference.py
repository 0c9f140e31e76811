"""The reference network's forms: the first one unchanged, several views, GeM, early sex, stochastic depth, auxiliary heads."""

from __future__ import annotations

import pytest
import torch

from boneage.models.reference import STEERED, GeM, Plan, Reference, Steer, drop_films, mean_pool, peak

GIRL, BOY = torch.zeros(1, 1), torch.ones(1, 1)


def made(plan: Plan = Plan(), *, seed: int = 0) -> Reference:  # noqa: B008
    torch.manual_seed(seed)
    return Reference(plan).eval()


def test_what_came_later_does_not_move_the_first_network_s_start() -> None:
    first = made().state_dict()
    for plan in (Plan(gem_power=3.0), Plan(early_sex=True), Plan(drop_path=0.2), Plan(finds_points=True, finds_sex=True)):
        later = made(plan).state_dict()
        assert all(torch.equal(value, later[name]) for name, value in first.items())


@torch.no_grad()
def test_an_early_sex_changes_nothing_before_it_has_learned() -> None:
    x = torch.rand(2, 1, 64, 64)
    for sex in (GIRL.expand(2, 1), BOY.expand(2, 1)):
        assert torch.equal(made()(x, sex)[0], made(Plan(early_sex=True))(x, sex)[0])
    learned = made(Plan(early_sex=True))
    for steer in learned.steer.values():
        assert isinstance(steer, Steer)
        steer.change.weight.normal_(std=0.1)
    maps = [learned._features(x, sex.expand(2, 1))[0] for sex in (GIRL, BOY)]
    assert not torch.allclose(*maps)
    assert len(learned.steer) == len(STEERED) == 2


@torch.no_grad()
def test_views_share_the_trunk_and_stand_side_by_side() -> None:
    network, x = made(Plan(views=3)), torch.rand(2, 3, 64, 64)
    pooled, maps = network._features(x, GIRL.expand(2, 1))
    assert maps.shape == (2, 3, 1280, 2, 2)
    for view in range(3):
        alone = mean_pool(network.trunk(x[:, view : view + 1]))
        assert torch.allclose(pooled[:, 1280 * view : 1280 * (view + 1)], alone, atol=1e-5)


def test_the_generalized_mean_is_the_mean_at_1_and_the_maximum_far_up() -> None:
    maps = torch.rand(2, 5, 4, 3) + 0.1
    assert torch.allclose(GeM(1.0)(maps), mean_pool(maps), atol=1e-6)
    assert torch.allclose(GeM(200.0)(maps), maps.amax((2, 3)), rtol=0.03)
    lower, higher = GeM(2.0)(maps), GeM(4.0)(maps)
    assert (lower < higher).all()


def test_a_dropped_branch_keeps_its_mean() -> None:
    torch.manual_seed(0)
    branch = torch.ones(4000, 1, 1, 1)
    dropped = drop_films(branch, 0.25)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)


def test_stochastic_depth_is_for_training_alone() -> None:
    x, network = torch.rand(4, 1, 64, 64), made(Plan(drop_path=0.9))
    with torch.no_grad():
        assert torch.equal(network(x, GIRL.expand(4, 1))[0], made()(x, GIRL.expand(4, 1))[0])
        network.train()
        maps = [network.trunk.steered(x, {}) for _ in range(2)]
    assert not torch.allclose(*maps)


def test_a_peak_s_place_is_its_cell_s_center() -> None:
    heat = torch.full((1, 1, 8, 6), -50.0)
    heat[0, 0, 2, 5] = 50.0
    assert peak(heat)[0, 0].tolist() == pytest.approx([(5 + 0.5) / 3 - 1, (2 + 0.5) / 4 - 1], abs=1e-5)


@torch.no_grad()
def test_points_are_found_upright_though_the_trunk_sees_the_film_turned() -> None:
    """A bright spot moves the heat toward its own side of the film."""
    network = made(Plan(finds_points=True))
    dark, lit = torch.zeros(1, 1, 128, 128), torch.zeros(1, 1, 128, 128)
    lit[0, 0, :32, :32] = 1.0
    _, before = network._features(dark, GIRL)
    _, after = network._features(lit, GIRL)
    change = (after - before)[0, 0].abs().sum(0).flip(0, 1)
    assert change[:2, :2].sum() > 3 * change[2:, 2:].sum()


def test_auxiliary_heads_speak_where_they_are_asked_for() -> None:
    x, sex = torch.rand(2, 1, 64, 64), torch.tensor([[0.0], [1.0]])
    plain, aided = made().with_aids(x, sex), made(Plan(finds_points=True, finds_sex=True)).with_aids(x, sex)
    assert (plain.points, plain.male) == (None, None)
    assert aided.points is not None
    assert aided.male is not None
    assert (aided.points.shape, aided.male.shape) == ((2, 21, 2), (2,))
    assert torch.equal(plain.logits, aided.logits)
