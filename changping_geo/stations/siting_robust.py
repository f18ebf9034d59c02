"""What if demand, radius or speed are others: how often each site is chosen, and what a plan loses in each case.

References
----------
Snyder, L. V. (2006). Facility location under uncertainty: a review. doi:10.1080/07408170500216480
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from changping_geo.errors import ParameterError
from changping_geo.stations.siting import SITING_CARDS, plan_value, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem, Siting

    Floats = NDArray[np.float64]

#: Name of the plan that is best for all scenarios together.
TOGETHER = "all"
#: Goals whose plans can be valued in another scenario by weight covered or by cost.
COMPARED = ("cover_most", "backup", "mean_cost", "worst_cost")


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """Plans of several scenarios laid side by side.

    Parameters
    ----------
    answers
        Answer of each scenario, and of all together where that can be asked.
    chosen
        By candidate (of those chosen at all): probability of the scenarios that choose it, and whether each does.
    values
        Value of each plan (rows) in each scenario (columns).
    regret
        Loss of each plan against the scenario's own best, as a share of that; with `worst` and `expected` [-].
    recommended
        Plan of least worst regret; ties by expected regret, then by order.
    """

    answers: dict[str, Siting]
    chosen: pd.DataFrame
    values: pd.DataFrame
    regret: pd.DataFrame
    recommended: str


def robustness(scenarios: Mapping[str, Problem], probabilities: Mapping[str, float] | None = None, *,
               seconds: float = SITING_CARDS["siting_seconds"]) -> Robustness:  # fmt: skip
    """Solve every scenario and all of them together, and value each plan in each.

    Parameters
    ----------
    scenarios
        Questions by name, on the same candidates; weights, costs, radius may differ.
    probabilities
        Probability of each scenario; equal if None. They are scaled to add up to 1 [-].
    seconds
        Time limit of the whole [s].

    Raises
    ------
    ParameterError
        If the scenarios cannot be laid side by side.
    """
    shares = _shares(scenarios, probabilities)
    each = seconds / (len(scenarios) + 1)
    answers = {name: solve(problem, seconds=each) for name, problem in scenarios.items()}
    if all(problem.goal in ("cover_most", "backup") for problem in scenarios.values()):
        answers[TOGETHER] = solve(together(scenarios, probabilities), seconds=each)
    values = pd.DataFrame(
        {name: {plan: plan_value(problem, answer.sites) for plan, answer in answers.items()}
         for name, problem in scenarios.items()}
    )  # fmt: skip
    more = next(iter(scenarios.values())).goal in ("cover_most", "backup")
    best = values.max() if more else values.min()
    loss = (best - values) if more else (values - best)
    regret = (loss / best.abs().where(best.abs() > 0, 1.0)).clip(lower=0.0)
    worst, expected = regret.max(axis=1), regret.mul(pd.Series(shares), axis=1).sum(axis=1)
    regret = regret.assign(worst=worst, expected=expected)
    order = regret.reset_index(drop=True).sort_values(["worst", "expected"], kind="stable").index
    return Robustness(answers=answers, chosen=_chosen(answers, shares), values=values, regret=regret,
                      recommended=str(regret.index[order[0]]))  # fmt: skip


def together(scenarios: Mapping[str, Problem], probabilities: Mapping[str, float] | None = None) -> Problem:
    """One question whose rows are those of all scenarios, weighted by probability.

    Parameters
    ----------
    scenarios
        Questions of covering, by name.
    probabilities
        Probability of each; equal if None [-].

    Returns
    -------
    Problem
        Limits (existing stations, spacing, number, phases) of the first scenario; least shares of towns are left out.
    """
    shares = _shares(scenarios, probabilities)
    first = next(iter(scenarios.values()))
    covers = sparse.csr_array(sparse.vstack([problem.covers() for problem in scenarios.values()], format="csr"))
    weights = np.concatenate([problem.weights * shares[name] for name, problem in scenarios.items()])
    return first.with_(weights=weights, costs=covers, radius=None, towns=None, town_share=None, fairest=False)


def _shares(scenarios: Mapping[str, Problem], probabilities: Mapping[str, float] | None) -> dict[str, float]:
    faults = []
    if not scenarios:
        raise ParameterError("siting: no scenario is given")
    if TOGETHER in scenarios:
        faults.append(f"no scenario may be named {TOGETHER!r}")
    if len({problem.n_candidates for problem in scenarios.values()}) > 1:
        faults.append("every scenario needs the same candidates in the same order")
    if len({problem.goal for problem in scenarios.values()}) > 1:
        faults.append("every scenario needs the same goal")
    other = sorted({problem.goal for problem in scenarios.values()} - set(COMPARED))
    if other or any(problem.capacity is not None for problem in scenarios.values()):
        faults.append(f"plans are compared for the goals {', '.join(COMPARED)} without capacities")
    given = dict.fromkeys(scenarios, 1.0) if probabilities is None else dict(probabilities)
    if set(given) != set(scenarios) or not all(0 <= p < np.inf for p in given.values()) or not sum(given.values()) > 0:
        faults.append("give one probability >= 0 per scenario, not all 0")
    if faults:
        raise ParameterError("siting: " + "; ".join(faults))
    whole = sum(given.values())
    return {name: given[name] / whole for name in scenarios}


def _chosen(answers: dict[str, Siting], shares: dict[str, float]) -> pd.DataFrame:
    sites = np.unique(np.concatenate([answer.sites for answer in answers.values()]))
    table = pd.DataFrame({name: np.isin(sites, answer.sites) for name, answer in answers.items()}, index=sites)
    often = sum((table[name] * share for name, share in shares.items()), start=pd.Series(0.0, index=sites))
    table.insert(0, "probability", often)
    table.index.name = "candidate"
    return table
