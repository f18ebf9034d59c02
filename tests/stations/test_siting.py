"""Siting by hand: published and constructed cases, what is told with every answer, and the faults that are refused."""

from __future__ import annotations

import os
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from changping_geo.errors import ParameterError
from changping_geo.stations import siting_most
from changping_geo.stations.problem import InfeasibleError, Problem, gap_of, stored_pairs
from changping_geo.stations.siting import alternatives, frontier, plan_value, solve
from changping_geo.stations.siting_reduce import reduce
from changping_geo.stations.siting_robust import robustness, together
from changping_geo.stations.siting_search import Search

#: Six cells with 3 people each or so; candidate 0 looks best alone, 1 and 2 together cover everything.
TRAP = np.array([[0, 0, 9], [0, 0, 9], [0, 9, 0], [0, 9, 0], [9, 0, 9], [9, 9, 0]], dtype=float)
PEOPLE = np.array([3.0, 3.0, 3.0, 3.0, 2.0, 2.0])


def trap(**more):
    asked = {"goal": "cover_most", "weights": PEOPLE, "costs": stored_pairs(TRAP), "radius": 1.0, "new_sites": 2}
    return Problem(**{**asked, **more})


def clustered(rows, candidates, seed=4, side=10_000.0):
    rng = np.random.default_rng(seed)
    people, places = rng.uniform(0, side, (rows, 2)), rng.uniform(0, side, (candidates, 2))
    costs = np.hypot(*(people[:, None] - places[None, :]).T).T
    return rng.integers(1, 100, rows).astype(float), costs


def test_exchange_finds_what_greedy_misses_and_the_bound_proves_it():
    asked = trap()
    reduced = reduce(asked)
    greedy = Search(reduced, asked.prices, None)
    greedy.fill(2)
    assert greedy.sites.tolist() == [0, 1]
    assert greedy.value == 14.0
    best = max(plan_value(asked, np.array(two)) for two in combinations(range(3), 2))
    answer = solve(asked)
    assert answer.sites.tolist() == [1, 2]
    assert answer.value == answer.bound == best == 16.0
    assert answer.said == ("已证明最优", "proven optimal")


def test_equal_rows_become_one_with_their_weights_added():
    reduced = reduce(trap())
    assert reduced.shape == (4, 3)
    assert sorted(reduced.first) == [2.0, 2.0, 6.0, 6.0]
    assert reduced.members[0] == reduced.members[1] != reduced.members[2]


def test_a_cost_equal_to_the_radius_is_covered_and_so_is_a_zero():
    costs = stored_pairs([[0.0, np.inf], [900.0004, 900.0006]])
    asked = Problem(goal="cover_most", weights=[1, 1], costs=costs, radius=900.0, new_sites=1)
    assert asked.covers().toarray().tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert solve(asked).value == 2.0


def test_existing_stations_count_before_the_new_ones_and_outside_their_number():
    answer = solve(trap(existing=[1], new_sites=1))
    assert answer.sites.tolist() == [2]
    assert answer.already_covered.tolist() == [True, True, False, False, True, False]
    assert answer.newly_covered.tolist() == [False, False, True, True, False, True]
    assert answer.value == 16.0


def test_existing_stations_alone_give_what_coverage_counts():
    answer = solve(trap(existing=[0], new_sites=0))
    assert answer.value == answer.bound == PEOPLE[:4].sum()
    assert answer.sites.size == 0


def test_a_row_that_nothing_reaches_is_named_and_not_lost():
    costs = stored_pairs([[1.0], [np.inf]])
    answer = solve(Problem(goal="cover_all", weights=[1, 5], costs=costs, radius=2.0))
    assert answer.uncoverable.tolist() == [False, True]
    assert "no candidate reaches 1 rows: 1" in answer.notes


def test_the_same_question_has_three_faces():
    weights, costs = clustered(60, 12)
    worst = solve(Problem(goal="worst_cost", weights=weights, costs=stored_pairs(costs), new_sites=4))
    for radius, enough in ((worst.value, True), (worst.value - 0.01, False)):
        most = solve(Problem(goal="cover_most", weights=weights, costs=stored_pairs(costs), radius=radius, new_sites=4))
        every = Problem(goal="cover_all", weights=weights, costs=stored_pairs(costs), radius=radius)
        answer = solve(every)
        fewest = answer.value if not answer.uncoverable.any() else np.inf
        assert (fewest <= 4) == enough
        assert (most.value == weights.sum()) == enough


def test_more_sites_never_cover_less_and_a_share_needs_the_first_number_that_reaches_it():
    weights, costs = clustered(80, 15)
    asked = Problem(goal="cover_most", weights=weights, costs=stored_pairs(costs), radius=1800.0, new_sites=1)
    table = frontier(asked, 8)
    assert (np.diff(table["value"]) >= 0).all()
    assert (table["status"] == "optimal").all()
    share = 0.6
    fewest = solve(asked.with_(goal="cover_share", share=share, new_sites=None))
    assert fewest.value == table.index[table["per_weight"] >= share][0]
    assert fewest.status == "optimal"


def test_phases_keep_what_earlier_ones_built_and_meet_the_target_beside_existing_stations():
    weights, costs = clustered(200, 20)
    asked = Problem(goal="cover_most", weights=weights, costs=stored_pairs(costs), radius=1200.0, existing=[0, 1, 2],
                    phases=(2, 4, 5, 7), exactly=True, conflicts=[[3, 4], [5, 0]])  # fmt: skip
    answer = solve(asked)
    assert [len(phase) for phase in answer.phases] == [2, 4, 5, 7]
    assert all(set(a) <= set(b) for a, b in zip(answer.phases, answer.phases[1:], strict=False))
    assert len(answer.sites) + 3 >= 10
    assert not {3, 4} <= set(answer.sites)
    assert 5 not in answer.sites
    assert "too close to an existing station: candidates 5" in answer.notes
    assert answer.value == pytest.approx(sum(answer.phase_values))
    assert answer.status == "optimal"


def test_a_flow_is_a_row_and_a_detour_its_cost():
    to, on = np.array([[2.0, 5.0], [6.0, 1.0]]), np.array([[3.0, 9.0], [2.0, 8.0]])
    detour = to + on - np.array([[5.0], [7.0]])
    asked = Problem(goal="cover_most", weights=[100, 80], costs=stored_pairs(detour), radius=1.0, new_sites=1)
    answer = solve(asked)
    assert answer.sites.tolist() == [0]
    assert answer.value == 180.0


def test_two_flows_of_the_same_ends_both_count():
    asked = Problem(goal="cover_most", weights=[100, 80], costs=stored_pairs([[0.0], [0.0]]), radius=0.0, new_sites=1)
    assert solve(asked).value == 180.0


def test_capacity_of_a_station_is_never_passed():
    asked = trap(capacity=[4.0, 7.0, 5.0])
    answer = solve(asked)
    assert answer.value == pytest.approx(12.0)
    assert answer.sites.tolist() == [1, 2]
    assert answer.status == "optimal"


def test_the_worst_town_is_lifted_before_the_total():
    costs = stored_pairs([[0, 9], [0, 9], [9, 0]])
    asked = Problem(goal="cover_most", weights=[10, 10, 4], costs=costs, radius=1.0, new_sites=1, towns=[0, 0, 1],
                    existing=[])  # fmt: skip
    assert solve(asked).sites.tolist() == [0]
    shared = solve(asked.with_(town_share=[0.0, 1.0]))
    assert shared.sites.tolist() == [1]
    assert shared.town_after.tolist() == [0.0, 1.0]


def test_shares_are_weighted_not_counted():
    costs = stored_pairs([[0.0], [9.0], [9.0]])
    asked = Problem(goal="cover_most", weights=[98, 1, 1], costs=costs, radius=1.0, new_sites=1, towns=[0, 0, 0])
    assert solve(asked).town_after[0] == pytest.approx(0.98)


def test_an_unfinished_proof_is_never_called_optimal(monkeypatch):
    weights, costs = clustered(400, 60)
    asked = Problem(goal="cover_most", weights=weights, costs=stored_pairs(costs, 1500.0), new_sites=8)
    monkeypatch.setattr(siting_most, "LARGEST_MODEL", 0)
    monkeypatch.setattr(siting_most, "certify", _loose(siting_most.certify))
    answer = solve(asked)
    assert answer.status == "best found"
    assert answer.bound > answer.value
    assert answer.gap == pytest.approx((answer.bound - answer.value) / answer.value)
    assert answer.said[1].startswith("best found, within ")


def _loose(certify):
    def after_one_look(*words, **more):
        return certify(*words, **{**more, "looks": 1})

    return after_one_look


def test_a_time_limit_gives_the_plan_and_its_bound():
    weights, costs = clustered(300, 60)
    asked = Problem(goal="mean_cost", weights=weights, costs=stored_pairs(costs), new_sites=6)
    short, full = solve(asked, seconds=1e-3), solve(asked)
    assert full.status == "optimal"
    assert short.bound <= full.value <= short.value
    assert (short.status == "optimal") == (short.gap == 0.0)


def test_the_gap_is_a_share_of_the_value_and_unknown_without_a_bound():
    assert gap_of(100.0, 104.0) == pytest.approx(0.04)
    assert gap_of(100.0, 100.0) == 0.0
    assert gap_of(100.0, np.inf) == np.inf


def test_answers_repeat():
    weights, costs = clustered(300, 40)
    asked = Problem(goal="cover_most", weights=weights, costs=stored_pairs(costs), radius=1500.0, new_sites=6)
    one, two = solve(asked), solve(asked)
    assert one.sites.tolist() == two.sites.tolist()
    assert (one.value, one.bound) == (two.value, two.bound)


def test_alternatives_are_exchanges_that_lose_almost_nothing():
    costs = stored_pairs([[0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [9.0, 9.0, 0.0]])
    asked = Problem(goal="cover_most", weights=[50, 50, 1], costs=costs, radius=1.0, new_sites=1)
    answer = solve(asked)
    assert answer.sites.tolist() == [0]
    assert alternatives(asked, answer).to_dict("records") == [{"site": 0, "instead": 1, "value": 100.0}]


def test_scenarios_tell_how_often_a_site_is_chosen_and_what_a_plan_loses():
    plain = trap(new_sites=1)
    other = plain.with_(weights=[0, 0, 9, 9, 0, 9])
    told = robustness({"now": plain, "later": other}, {"now": 3.0, "later": 1.0})
    assert told.answers["now"].sites.tolist() == [0]
    assert told.answers["later"].sites.tolist() == [2]
    assert told.chosen["probability"].to_dict() == {0: 0.75, 2: 0.25}
    assert told.regret.loc["now", "later"] == pytest.approx((27 - 18) / 27)
    assert told.regret.loc["later", "now"] == pytest.approx((12 - 8) / 12)
    assert told.regret.loc["now", "expected"] == pytest.approx(0.25 / 3)
    assert told.recommended in told.regret.index
    assert together({"now": plain, "later": other}).weights.size == 12


def test_scenarios_of_other_candidates_are_refused():
    with pytest.raises(ParameterError, match="same candidates"):
        robustness({"a": trap(), "b": trap(costs=stored_pairs(TRAP[:, :2]))})


FAULTS = {
    "more new sites": ({"new_sites": 4}, "only 3 candidates are free"),
    "negative weights": ({"weights": [3, 3, 3, 3, -2, 2]}, "not so in rows 4"),
    "NaN weights": ({"weights": [3, 3, 3, 3, np.nan, 2]}, "finite and >= 0"),
    "weights that do not fit": ({"weights": [1, 2]}, "one weight per row"),
    "NaN costs": ({"costs": sparse.csr_array(np.full((6, 3), np.nan))}, "leave a pair without a way unstored"),
    "unknown goal": ({"goal": "cover_some"}, "no goal 'cover_some'"),
    "no number": ({"new_sites": None}, "needs `new_sites`, `phases` or `budget`"),
    "phases that fall": ({"new_sites": None, "phases": (2, 1)}, "never fall"),
    "a share above one": ({"goal": "cover_share", "share": 1.2, "new_sites": None}, r"must lie in \(0, 1\]"),
    "towns forgotten": ({"town_share": 0.5}, "need `towns`"),
    "a candidate that is not": ({"existing": [7]}, "outside 0–2"),
    "capacity of another goal": ({"goal": "backup", "capacity": [1, 1, 1]}, "no meaning for goal backup"),
    "dense table": ({"costs": TRAP}, "sparse matrix"),
    "nothing to serve": ({"weights": np.zeros(6)}, "all weights are 0"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_remedy(name):
    changes, told = FAULTS[name]
    with pytest.raises(ParameterError, match=told):
        trap(**changes)


def test_all_faults_are_told_at_once():
    with pytest.raises(ParameterError, match=r"(?s)rows 0.*only 3 candidates"):
        trap(weights=[-1, 3, 3, 3, 2, 2], new_sites=9)


IMPOSSIBLE = {
    "a radius that covers nothing": (
        {"costs": stored_pairs(TRAP + 50.0), "radius": 3.0}, "covers nothing.*check its unit"),
    "a share out of reach": (
        {"goal": "cover_share", "new_sites": None, "share": 1.0, "costs": stored_pairs(TRAP[:, :2])},
        "rows out of reach: 5"),
    "spacing that shuts all out": ({"existing": [0], "conflicts": [[0, 1], [0, 2]]}, "shuts out every candidate"),
    "no room for the number": (
        {"exactly": True, "conflicts": [[0, 1], [0, 2], [1, 2]]}, "spacing leaves room for 1"),
    "a town that cannot be served": (
        {"towns": [0, 0, 0, 0, 1, 1], "town_share": 0.9, "costs": stored_pairs(TRAP[:, :2])}, "town 1: 50.0% of 90.0%"),
    "towns against the number": (
        {"towns": [0, 0, 1, 1, 2, 2], "town_share": [1, 1, 1], "new_sites": 1}, r"number of new sites \(1\)"),
    "spacing against a full cover": (
        {"goal": "cover_all", "new_sites": None, "conflicts": [[1, 2]]}, "the spacing between candidates 1, 2"),
    "p-median that cannot reach all": (
        {"goal": "mean_cost", "costs": stored_pairs(TRAP, 1.0), "new_sites": 1}, "allow more sites"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_says_what_stands_in_the_way(name):
    changes, told = IMPOSSIBLE[name]
    with pytest.raises(InfeasibleError, match=told):
        solve(trap(**changes))


def test_a_p_median_by_hand():
    costs = np.abs(np.subtract.outer(np.array([0.0, 1.0, 2.0, 10.0]), np.array([0.0, 1.0, 2.0, 10.0])))
    asked = Problem(goal="mean_cost", weights=[1, 1, 1, 1], costs=stored_pairs(costs), new_sites=2)
    answer = solve(asked)
    assert (answer.sites.tolist(), answer.value, answer.status) == ([1, 3], 2.0, "optimal")
    centre = solve(asked.with_(goal="worst_cost"))
    assert (centre.value, centre.bound) == (1.0, 1.0)


def test_spopt_finds_the_same_values():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pulp = pytest.importorskip("pulp")
        locate = pytest.importorskip("spopt.locate")
        weights, costs = clustered(40, 8, seed=9)
        engine = pulp.HiGHS(msg=False)
        most = locate.MCLP.from_cost_matrix(costs, weights, 1500.0, p_facilities=3).solve(engine)
        median = locate.PMedian.from_cost_matrix(costs, weights, p_facilities=3).solve(engine)
        centre = locate.PCenter.from_cost_matrix(costs, p_facilities=3).solve(engine)
    pairs = stored_pairs(costs)
    ours = solve(Problem(goal="cover_most", weights=weights, costs=pairs, radius=1500.0, new_sites=3))
    assert ours.value == pytest.approx(most.problem.objective.value())
    ours = solve(Problem(goal="mean_cost", weights=weights, costs=pairs, new_sites=3))
    assert ours.value == pytest.approx(median.problem.objective.value(), rel=1e-6)
    ours = solve(Problem(goal="worst_cost", weights=np.ones(40), costs=pairs, new_sites=3))
    assert ours.value == pytest.approx(centre.problem.objective.value(), abs=1e-3)


@pytest.mark.parametrize(("number", "median", "centre"), [(1, 5819, 127), (2, 4093, 98), (4, 3034, 74), (5, 1355, 48)])
def test_the_public_p_median_files_give_their_published_optima(number, median, centre):
    path = Path(os.environ.get("ORLIB_PMED", "")) / f"pmed{number}.txt"
    if not path.is_file():
        pytest.skip("set ORLIB_PMED to the folder of OR-Library's pmed files")
    words = path.read_text().split()
    count, edges, sites = (int(word) for word in words[:3])
    table = np.full((count, count), np.inf)
    for a, b, cost in np.array(words[3 : 3 + 3 * edges], dtype=float).reshape(-1, 3):
        table[int(a) - 1, int(b) - 1] = table[int(b) - 1, int(a) - 1] = cost  # an edge given twice keeps its last cost
    costs = stored_pairs(shortest_path(table, directed=False))
    for goal, best in (("mean_cost", median), ("worst_cost", centre)):
        answer = solve(Problem(goal=goal, weights=np.ones(count), costs=costs, new_sites=sites))
        assert (answer.value, answer.status) == (best, "optimal")
