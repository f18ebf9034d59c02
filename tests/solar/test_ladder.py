"""Rungs that are never mixed: policy by owner, what pays, what stands already."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from changping_geo.model import ColumnError
from changping_geo.solar.ladder import CARDS, policy_by_owner, policy_share_of, with_rungs

RATIO = CARDS["policy_share"]


def test_ratios_by_owner_and_none_for_urban_households():
    owner = pd.Series(["government", "public", "business", "rural", "urban", None], dtype=object)
    assert policy_share_of(owner, RATIO).tolist() == [0.5, 0.4, 0.3, 0.2, 0.0, 0.0]
    with pytest.raises(ColumnError, match="'duke'"):
        policy_share_of(pd.Series(["duke"]), RATIO)


def test_the_table_says_who_has_no_ratio():
    columns = ["n_roofs", "roof_area_m2", "policy_capacity_kw", "policy_energy_mwh_a", "pv_capacity_kw"]
    table = policy_by_owner(pd.DataFrame(1.0, [0, 1, 2], columns), pd.Series(["urban", "rural", None]), RATIO)
    assert table["owner"].tolist() == ["rural", "urban", "unknown"]
    assert table["policy_share"].isna().tolist() == [False, True, True]
    assert table["note_en"].tolist()[1:] == [
        "the notice has no ratio for urban households",
        "owner not known, not counted",
    ]


def test_what_pays_and_what_is_left():
    out = pd.DataFrame({"pv_capacity_kw": [100.0, 10.0, 0.0], "pv_energy_mwh_a": [120.0, 11.0, 0.0]})
    roofs = pd.DataFrame({"pv_installed_kw": [40.0, 30.0, np.nan]})
    found, known = with_rungs(out, pd.Series([True, False, False]), roofs)
    assert known
    assert found["economic_capacity_kw"].tolist() == [100.0, 0.0, 0.0]
    assert found["pv_installed_kw"].tolist() == [40.0, 30.0, 0.0]
    assert found["remaining_capacity_kw"].tolist() == [60.0, 0.0, 0.0]
    assert found["remaining_energy_mwh_a"].tolist() == pytest.approx([72.0, 0.0, 0.0])
    assert not with_rungs(out, pd.Series([True, False, False]), roofs.drop(columns="pv_installed_kw"))[1]
    with pytest.raises(ColumnError, match="1 rooftops have a negative"):
        with_rungs(out, pd.Series([True] * 3), pd.DataFrame({"pv_installed_kw": [-1.0, 0.0, 0.0]}))
