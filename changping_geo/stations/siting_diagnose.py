"""Why no plan can be: which limit stands in the way, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.problem import SAME_VALUE, InfeasibleError
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_cover import cliques, cover_model
from changping_geo.stations.siting_milp import Model, solve_model
from changping_geo.stations.siting_search import town_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]

#: Time of each trial with one limit less [s].
TRIAL_SECONDS = 10.0


def reachable_shares(problem: Problem) -> Floats:
    """Share of each town's weight that all candidates together could cover; NaN for a town without weight [-].

    Parameters
    ----------
    problem
        A question with towns.
    """
    covers = problem.covers()
    return town_shares(problem, np.diff(covers.indptr) > 0)


def town_shares(problem: Problem, covered: NDArray[np.bool_] | Floats) -> Floats:
    """Share of each town's weight in the rows that are covered; NaN for a town without weight [-].

    Parameters
    ----------
    problem
        A question with towns.
    covered
        Whether each row is covered, or which share of it is served. Shape (n,).
    """
    if problem.towns is None:
        return np.zeros(0)
    towns = np.maximum(problem.towns, -1) + 1
    count = int(towns.max(initial=0)) + 1
    whole = np.bincount(towns, problem.weights, count)[1:]
    part = np.bincount(towns, problem.weights * covered, count)[1:]
    out: Floats = np.full(whole.size, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def check_town_shares(problem: Problem) -> None:
    """Raise if a town cannot have its least share even with a station at every candidate.

    Parameters
    ----------
    problem
        The question.

    Raises
    ------
    InfeasibleError
        The towns, what they can have, and the rows out of reach.
    """
    if problem.town_share is None or problem.towns is None:
        return
    can = reachable_shares(problem)
    wanted = np.asarray(problem.town_share, dtype=np.float64)
    asked = np.full(can.size, float(wanted)) if wanted.ndim == 0 else wanted[: can.size]
    short = np.flatnonzero(np.nan_to_num(can, nan=1.0) < asked - SAME_VALUE)
    if short.size:
        told = ", ".join(f"town {town}: {can[town]:.1%} of {asked[town]:.1%}" for town in short)
        rows = np.flatnonzero(np.isin(problem.towns, short) & (np.diff(problem.covers().indptr) == 0))
        msg = (
            f"even a station at every candidate leaves towns below their least share ({told}); rows out of reach: "
            f"{listed(rows)}. Lower the share of these towns, raise the radius, or add candidates there"
        )
        raise InfeasibleError(msg, rows=rows)


def most_sites(reduced: Reduced) -> int | None:
    """Largest number of sites that the spacing leaves room for; None if it could not be found in time.

    Parameters
    ----------
    reduced
        Merged rows with rivals.
    """
    model = Model()
    site = model.add_columns(reduced.allowed.astype(np.float64), 0.0, reduced.allowed.astype(np.float64), whole=True)
    for group in cliques(reduced):
        model.add_row(site[group], 1.0, -np.inf, 1.0)
    solved = solve_model(model, most=True, seconds=TRIAL_SECONDS, step=1.0)
    return round(solved.value) if solved.status == "optimal" else None


def why_infeasible(problem: Problem, reduced: Reduced, *, timed_out: bool = False) -> InfeasibleError:
    """Say which limit, taken away alone, would make a plan possible.

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    timed_out
        Whether the solver ran out of time rather than proved it.
    """
    if timed_out:
        return InfeasibleError("no plan that keeps every limit was found within the time: raise it, or ease a limit")
    pairs = np.unique(reduced.rivals)
    if problem.exactly and pairs.size:
        room = most_sites(reduced)
        if room is not None and room < problem.steps[-1]:
            return InfeasibleError(
                f"{problem.steps[-1]} sites are asked for, but the spacing leaves room for {room}; "
                f"colliding candidates: {listed(pairs)}. Lower the spacing or the number",
                candidates=pairs,
            )
    remedies = []
    for name, changed, less in _eased(problem, reduced):
        made = cover_model(changed, less)
        if solve_model(made.model, most=True, seconds=TRIAL_SECONDS).columns.size:
            remedies.append(name)
    lack = town_targets(problem, reduced)
    towns = f" (towns that lack: {listed(np.flatnonzero(lack > 0))})" if (lack > 0).any() else ""
    told = " or ".join(remedies) if remedies else "more than one of the limits; ease several"
    return InfeasibleError(f"no plan keeps every limit{towns}; what stands in the way: {told}", candidates=pairs)


def _eased(problem: Problem, reduced: Reduced) -> list[tuple[str, Problem, Reduced]]:
    out = []
    if reduced.rivals.size:
        none = replace(reduced, rivals=reduced.rivals[:0], rival_ends=np.zeros_like(reduced.rival_ends))
        out.append((f"the spacing between candidates {listed(np.unique(reduced.rivals))}", problem, none))
    if problem.town_share is not None:
        out.append(("the least shares of the towns", problem.with_(town_share=None), reduced))
    if problem.budget is not None and (problem.new_sites is not None or problem.phases is not None):
        out.append(("the budget", problem.with_(budget=None), reduced))
    if problem.new_sites is not None and not problem.exactly:
        out.append((f"the number of new sites ({problem.new_sites})", problem.with_(
            new_sites=problem.n_candidates - problem.existing.size), reduced))  # fmt: skip
    if problem.phases is not None and not problem.exactly:
        every = problem.n_candidates - problem.existing.size
        out.append((f"the number of sites in the last phase ({problem.steps[-1]})", problem.with_(
            phases=(*problem.phases[:-1], every)), reduced))  # fmt: skip
    return out
