"""Small random questions of every goal and limit, against plain enumeration of all plans."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.stations.problem import InfeasibleError, Problem, stored_pairs
from changping_geo.stations.siting import certified_bound, plan_value, solve

RADIUS = 5.0
few = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def questions(draw, **fixed):
    """A question of up to 14 rows and 7 candidates, with whatever limits are drawn."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, candidates = int(rng.integers(3, 15)), int(rng.integers(3, 8))
    costs = rng.integers(0, 12, (rows, candidates)).astype(float)
    costs[rng.random(costs.shape) < 0.2] = np.inf
    asked = {
        "goal": "cover_most", "weights": rng.integers(0, 9, rows).astype(float) + (np.arange(rows) == 0),
        "costs": stored_pairs(costs), "radius": RADIUS, "new_sites": int(rng.integers(1, 3)),
        "existing": rng.choice(candidates, int(rng.integers(0, 2)), replace=False),
    }  # fmt: skip
    if rng.random() < 0.4 and "conflicts" not in fixed:
        asked["conflicts"] = rng.integers(0, candidates, (2, 2))
    return Problem(**{**asked, **{name: make(rng, rows, candidates) for name, make in fixed.items()}})


def covered(problem, sites):
    return problem.covers().toarray()[:, list(sites)].sum(axis=1)


def keeps_limits(problem, new, *, only_apart=False):
    """Whether new sites keep spacing, and budget and the towns' shares too."""
    built = set(problem.existing.tolist())
    both = {*new, *built}
    if any(a != b and {a, b} <= both and not {a, b} <= built for a, b in problem.conflicts.tolist()):
        return False
    if only_apart:
        return True
    if problem.budget is not None and problem.prices[list(new)].sum() > problem.budget + 1e-9:
        return False
    if problem.town_share is not None:
        served = covered(problem, both) > 0
        for town in range(problem.towns.max() + 1):
            own = problem.towns == town
            if problem.weights[own & served].sum() < problem.town_share * problem.weights[own].sum() - 1e-9:
                return False
    return True


def plans(problem, sizes=None):
    free = [j for j in range(problem.n_candidates) if j not in problem.existing]
    sizes = range(problem.steps[-1] + 1) if sizes is None else sizes
    for size in sizes:
        for new in combinations(free, size):
            if keeps_limits(problem, new):
                yield np.array(new, dtype=np.int64)


def best(problem, value=plan_value, sizes=None, pick=max):
    """Value of the best plan, None if there is none."""
    return pick((value(problem, new) for new in plans(problem, sizes)), default=None)


def check(problem, expected):
    """The answer's value is the enumerated one, it is proven, and its sites really give it within the limits."""
    if expected is None:
        with pytest.raises(InfeasibleError):
            solve(problem)
        return None
    answer = solve(problem)
    assert answer.value == pytest.approx(expected, rel=1e-7, abs=1e-7)
    assert answer.status == "optimal"
    assert answer.gap == 0.0
    assert answer.bound == pytest.approx(expected, rel=1e-7, abs=1e-7)
    assert not set(answer.sites) & set(problem.existing)
    assert keeps_limits(problem, tuple(answer.sites))
    return answer


def touches(problem):
    """Whether any candidate, existing or free, covers any demand; without that the question itself is refused."""
    free = [j for j in range(problem.n_candidates) if j not in problem.existing]
    alone = [j for j in free if keeps_limits(problem, (j,), only_apart=True)]
    return bool((covered(problem, [*alone, *problem.existing])[problem.weights > 0] > 0).any())


def ask(problem, expected):
    """Check the answer, or that the question was refused because no candidate is left or none covers anything."""
    free = [j for j in range(problem.n_candidates) if j not in problem.existing]
    shut = not any(keeps_limits(problem, (j,), only_apart=True) for j in free)
    idle = problem.goal in ("cover_most", "backup") and not touches(problem)
    if expected is not None and (shut or idle) and (problem.steps[-1] > 0):
        with pytest.raises(InfeasibleError, match=r"spacing|covers nothing|station already"):
            solve(problem)
        return None
    return check(problem, expected)


@few
@given(questions())
def test_most_cover_is_that_of_enumeration(problem):
    ask(problem, best(problem))


@few
@given(questions(goal=lambda *_: "backup", second_weight=lambda *_: 0.5))
def test_backup_cover_is_that_of_enumeration(problem):
    ask(problem, best(problem))


@few
@given(questions(site_costs=lambda rng, _, m: rng.integers(0, 6, m), budget=lambda rng, *_: float(rng.integers(1, 9)),
                 new_sites=lambda *_: None))  # fmt: skip
def test_a_budget_is_spent_as_enumeration_would(problem):
    ask(problem, best(problem))


@few
@given(questions(exactly=lambda *_: True))
def test_an_exact_number_of_sites_is_met_or_refused(problem):
    answer = ask(problem, best(problem, sizes=[problem.new_sites]))
    assert answer is None or len(answer.sites) == problem.new_sites


@few
@given(questions(towns=lambda rng, n, _: rng.integers(0, 2, n), town_share=lambda rng, *_: float(rng.random() * 0.7)))
def test_least_shares_of_towns_are_kept_as_enumeration_would(problem):
    ask(problem, best(problem))


@few
@given(questions(towns=lambda rng, n, _: rng.integers(0, 2, n), fairest=lambda *_: True))
def test_the_worst_town_comes_first_then_the_total(problem):
    reach = [problem.covers().toarray().any(axis=1) & (problem.towns == town) for town in (0, 1)]
    inside = [town for town in (0, 1) if problem.weights[reach[town]].sum() > 0]

    def two_aims(asked, new):
        served = covered(asked, [*new, *asked.existing]) > 0
        own = [asked.towns == town for town in inside]
        shares = [asked.weights[served & rows].sum() / asked.weights[rows].sum() for rows in own]
        return round(min(shares, default=0.0), 9), plan_value(asked, new)

    expected = best(problem, two_aims)
    answer = ask(problem.with_(), expected[1])
    if answer is not None and inside:
        assert min(answer.town_after[inside]) == pytest.approx(expected[0], abs=1e-6)


@few
@given(questions(new_sites=lambda *_: None, phases=lambda *_: (1, 2), phase_weights=lambda *_: (2.0, 1.0)))
def test_phases_are_nested_and_best_together(problem):
    def value(first, second):
        return 2 * plan_value(problem, np.array(first, dtype=int)) + plan_value(problem, np.array(second, dtype=int))

    two = [tuple(new) for new in plans(problem)]
    expected = max(value(a, b) for a, b in product(two, two) if len(a) <= 1 and set(a) <= set(b))
    answer = ask(problem, expected)
    assert answer is None or set(answer.phases[0]) <= set(answer.phases[1])


@few
@given(questions(goal=lambda *_: "cover_share", share=lambda rng, *_: float(rng.random() * 0.9 + 0.05),
                 new_sites=lambda *_: None))  # fmt: skip
def test_a_share_is_covered_by_the_fewest_sites(problem):
    need = problem.share * problem.weights.sum() - 1e-9
    most = problem.with_(goal="cover_most", share=None, new_sites=0)
    every = plans(problem, range(problem.n_candidates + 1))
    enough = [len(new) for new in every if plan_value(most, new) >= need]
    ask(problem, min(enough, default=None))


@few
@given(questions(goal=lambda *_: "cover_all", new_sites=lambda *_: None,
                 site_costs=lambda rng, _, m: rng.integers(1, 5, m)))  # fmt: skip
def test_everything_in_reach_is_covered_at_the_least_price(problem):
    built = problem.existing.tolist()
    usable = [j for j in range(problem.n_candidates) if j in built or keeps_limits(problem, (j,))]
    reach = (covered(problem, usable) > 0) & (problem.weights > 0)
    prices = [problem.prices[new].sum() for new in plans(problem, range(problem.n_candidates + 1))
              if np.all(covered(problem, [*new, *problem.existing])[reach] > 0)]  # fmt: skip
    ask(problem, min(prices, default=None))


@few
@given(questions(goal=lambda *_: "mean_cost", radius=lambda *_: None, unserved_cost=lambda *_: 20.0))
def test_the_least_total_cost_is_that_of_enumeration(problem):
    ask(problem, best(problem, pick=min))


@few
@given(questions(goal=lambda *_: "mean_cost", radius=lambda *_: None))
def test_without_a_price_every_row_must_be_reached(problem):
    values = [plan_value(problem, new) for new in plans(problem)]
    ask(problem, min((v for v in values if np.isfinite(v)), default=None))


@few
@given(questions(goal=lambda *_: "worst_cost", radius=lambda *_: None))
def test_the_smallest_worst_cost_is_that_of_enumeration(problem):
    values = [plan_value(problem, new) for new in plans(problem)]
    ask(problem, min((v for v in values if np.isfinite(v)), default=None))


@few
@given(questions(conflicts=lambda *_: np.zeros((0, 2))))
def test_the_multipliers_alone_prove_a_bound(problem):
    try:
        answer = solve(problem)
    except InfeasibleError:
        return
    if answer.multipliers.size:
        again = certified_bound(problem, answer.multipliers)
        assert again >= answer.value - 1e-6
        assert again == pytest.approx(answer.certified, rel=1e-6)


@few
@given(questions(), st.integers(0, 1000))
def test_the_order_of_rows_and_candidates_leaves_the_value(problem, seed):
    rng = np.random.default_rng(seed)
    rows, candidates = rng.permutation(problem.weights.size), rng.permutation(problem.n_candidates)
    place = np.argsort(candidates)
    other = problem.with_(
        weights=problem.weights[rows], costs=problem.costs[rows][:, candidates], existing=place[problem.existing],
        conflicts=place[problem.conflicts],
    )  # fmt: skip
    expected = best(problem)
    ask(problem, expected)
    ask(other, expected)


@few
@given(questions(conflicts=lambda *_: np.zeros((0, 2)), existing=lambda *_: np.zeros(0), capacity=lambda rng, _, m:
                 rng.integers(1, 12, m)))  # fmt: skip
def test_capacities_are_used_as_a_flow_would(problem):
    import networkx as nx  # noqa: PLC0415 - only this test needs it

    def served(asked, new):
        net = nx.DiGraph()
        net.add_nodes_from(["from", "to"])
        for i, j in zip(*np.nonzero(asked.covers().toarray()[:, new]), strict=True):
            net.add_edge("from", ("row", i), capacity=asked.weights[i])
            net.add_edge(("row", i), ("site", j))
            net.add_edge(("site", j), "to", capacity=asked.capacity[new[j]])
        return nx.maximum_flow_value(net, "from", "to")

    answer = solve(problem) if touches(problem) else None
    if answer is not None:
        assert answer.value == pytest.approx(best(problem, served), rel=1e-6, abs=1e-6)
