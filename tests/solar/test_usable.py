"""Setback, obstacles and usable share are three factors; their product is what others call the usable share."""

from __future__ import annotations

import numpy as np
import pytest

from changping_geo.solar.setback import inner_share
from changping_geo.solar.usable import CARDS, NET, OBSTACLES, SETBACKS, SHARES, TYPES, USES

#: Footprints of usual size: long side and short side. [m]
USUAL = {
    "rural_house": (12, 8), "housing": (60, 12.5), "industrial": (50, 29), "commercial": (50, 21), "public": (40, 16),
    "education": (60, 19), "health": (60, 24), "transport": (20, 12), "other": (20, 14),
}  # fmt: skip


def net(use, kind, end):
    along, across = USUAL[use]
    sides = [np.array([float(v)]) for v in (along * across, 2 * (along + across), along, across)]
    slope, planes = {"flat": (0.0, 1), "gable": (27.0, 2), "shed_metal": (6.0, 2)}[kind]
    inner = inner_share(*sides, np.array([slope]), np.array([SETBACKS[kind][1]]), planes)[0]
    return inner * (1 - OBSTACLES[kind][2 - end]) * SHARES[use][list(TYPES).index(kind)][end]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", TYPES)
def test_the_product_of_the_factors_lies_in_the_range_of_net_shares(use, kind):
    low, high = NET[use][list(TYPES).index(kind)]
    assert low < net(use, kind, 1) < high
    assert net(use, kind, 0) == pytest.approx(low, abs=0.13)
    assert net(use, kind, 2) == pytest.approx(high, abs=0.13)


def test_every_share_is_a_range_that_nobody_verified():
    for name, card in CARDS.cards.items():
        if name.startswith(("usable_share.", "obstacle_share.", "setback_m.")):
            assert card.low < card.value <= card.high
            assert not card.verified
