"""Even draws: each variable fills its range in an order of its own, whatever else is drawn."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def even_draws(name: str, draws: int, seed: int) -> Floats:
    """Return draws of one variable that fill 0 to 1 evenly, in random order (Latin hypercube).

    The order depends on the variable's name and the seed alone, so neither other variables nor their order move it.

    Parameters
    ----------
    name : str
        The variable.
    draws : int
        Number of draws. [1]
    seed : int
        Zero or more. [1]

    Returns
    -------
    ndarray
        Shape (draws,). [1]

    References
    ----------
    McKay, Beckman & Conover 1979, doi:10.2307/1268522
    """
    own = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
    random = np.random.default_rng([seed, own])
    out: Floats = (random.permutation(draws) + random.random(draws)) / draws
    return out
