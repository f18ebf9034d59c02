"""How many plugs a site needs so that few have to wait: the queue with c servers of Erlang.

Arrivals come at random at a mean rate, charging times vary like an exponential, and all plugs are alike. Real fleets
come by timetable: for those the result is on the safe side or beside the point.

References
----------
Erlang, 1917. Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges.
Gross, Shortle, Thompson, Harris, 2008. Fundamentals of queueing theory, 4th ed. doi:10.1002/9781118625651
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from changping_geo.model import Cards, Parameter, ParameterError

CARDS = Cards(
    Parameter("max_wait_probability", 0.10, "1", 0.001, 0.9, "planning range, unverified",
              verified=False, title_zh="排队概率上限", title_en="Largest share of users who wait"),
    Parameter("charging_minutes.fast", 30.0, "min", 5.0, 240.0, "planning range, unverified",
              verified=False, title_zh="快充时长", title_en="Time at a fast plug"),
    Parameter("charging_minutes.slow", 360.0, "min", 30.0, 1440.0, "planning range, unverified",
              verified=False, title_zh="慢充时长", title_en="Time at a slow plug"),
)  # fmt: skip

#: More plugs at one site than this are not looked for.
MOST = 100_000


def wait_probability(servers: int, load: float) -> float:
    """Return the probability that an arrival has to wait, Erlang C. [1]

    Parameters
    ----------
    servers : int
        Plugs, 0 or more.
    load : float
        Arrivals per time × mean time of service. [erlang]

    Raises
    ------
    ParameterError
        If an argument is negative or missing.

    Examples
    --------
    >>> round(wait_probability(2, 1.5) * 14)
    9
    """
    _refuse(servers, load)
    if load == 0:
        return 0.0
    if load >= servers:
        return 1.0
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    busy = load / servers
    return blocked / (1.0 - busy * (1.0 - blocked))


def mean_wait_min(servers: int, arrivals_h: float, service_min: float) -> float:
    """Return how long an arrival waits on average, infinite where the queue grows without end. [min]

    Parameters
    ----------
    servers : int
        Plugs.
    arrivals_h : float
        Arrivals in the busy hour. [1/h]
    service_min : float
        Mean time at the plug. [min]
    """
    load = arrivals_h * service_min / 60.0
    if load >= servers and load > 0:
        return math.inf
    return wait_probability(servers, load) * service_min / (servers - load) if load > 0 else 0.0


def plugs_needed(
    arrivals_h: float,
    service_min: float,
    *,
    max_wait_probability: float = CARDS["max_wait_probability"],
    max_wait_min: float = math.inf,
) -> int:
    """Return the least number of plugs that keeps both waiting targets.

    Parameters
    ----------
    arrivals_h : float
        Arrivals in the busy hour. [1/h]
    service_min : float
        Mean time at the plug. [min]
    max_wait_probability : float
        Largest share of arrivals that wait. [1]
    max_wait_min : float
        Longest mean wait. [min]

    Returns
    -------
    int
        0 where nobody arrives.

    Raises
    ------
    ParameterError
        If a rate or time is negative or missing, a target is not positive, or no reasonable number meets it.

    Examples
    --------
    >>> plugs_needed(10, 30)
    9
    """
    load = arrivals_h * service_min / 60.0
    _refuse(0, load)
    if not (max_wait_probability > 0 and max_wait_min > 0):
        raise ParameterError("waiting targets must be above 0: no number of plugs rules waiting out")
    if load == 0:
        return 0
    if load >= MOST:
        raise ParameterError(f"a load of {load:g} busy plugs is no single site; check arrivals per hour and minutes")
    blocked, servers = 1.0, 0
    while servers < MOST * 2:
        servers += 1
        blocked = load * blocked / (servers + load * blocked)
        if servers <= load:
            continue
        waits = blocked / (1.0 - load / servers * (1.0 - blocked))
        if waits <= max_wait_probability and waits * service_min / (servers - load) <= max_wait_min:
            return servers
    raise ParameterError(f"not even {servers} plugs keep the waiting targets; relax them")


def plugs_per_site(
    arrivals_h: pd.Series, service_min: float, *, max_wait_probability: float = CARDS["max_wait_probability"]
) -> pd.DataFrame:
    """Size every site.

    Parameters
    ----------
    arrivals_h : Series
        Arrivals in the busy hour by site. [1/h]
    service_min : float
        Mean time at the plug. [min]
    max_wait_probability : float
        Largest share of arrivals that wait. [1]

    Returns
    -------
    DataFrame
        On the index of `arrivals_h`: ``load`` [erlang], ``plugs``, ``wait_probability`` [1], ``mean_wait_min`` [min].
    """
    rates = arrivals_h.to_numpy(dtype=np.float64)
    plugs = [plugs_needed(rate, service_min, max_wait_probability=max_wait_probability) for rate in rates]
    load = rates * service_min / 60.0
    return pd.DataFrame(
        {
            "load": load,
            "plugs": plugs,
            "wait_probability": [wait_probability(c, a) for c, a in zip(plugs, load, strict=True)],
            "mean_wait_min": [mean_wait_min(c, r, service_min) for c, r in zip(plugs, rates, strict=True)],
        },
        index=arrivals_h.index,
    )


def _refuse(servers: int, load: float) -> None:
    if servers < 0 or not (math.isfinite(load) and load >= 0):
        raise ParameterError(f"{servers} plugs at a load of {load} erlang: both must be 0 or more, and known")
