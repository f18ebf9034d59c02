"""A covering question made small without changing its answer.

Rows that an existing station covers leave as a constant, rows that nothing reaches are set aside, and rows with the
same candidates (and town) become one row with their weights added.

References
----------
Church, R., ReVelle, C. (1974). The maximal covering location problem. doi:10.1007/BF01942293
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from changping_geo.stations.problem import InfeasibleError
from changping_geo.stations.problem_checks import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Two 63-bit keys per candidate: rows with equal sums of both hold the same candidates.
KEY_SEED = 20_231


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """The rows that a choice can still change, merged.

    Parameters
    ----------
    row_ends, row_cols
        Candidates of each merged row (compressed rows).
    col_ends, col_rows
        Merged rows of each candidate (compressed columns).
    first, second
        Reward of a row's first and second further cover [unit of the weights].
    town
        Town of each merged row, -1 for none.
    members
        Merged row of each row of the question, -1 for one that has left. Shape (n,).
    constant
        What is covered already [unit of the weights].
    allowed
        Candidates that may be taken. Shape (m,).
    rival_ends, rivals
        Candidates that may not stand beside each one.
    existing_count
        Existing stations that cover each row of the question. Shape (n,).
    uncoverable
        Rows of the question that no candidate covers. Shape (n,).
    notes
        What was left out and why.
    """

    row_ends: Ints
    row_cols: Ints
    col_ends: Ints
    col_rows: Ints
    first: Floats
    second: Floats
    town: Ints
    members: Ints
    constant: float
    allowed: Bools
    rival_ends: Ints
    rivals: Ints
    existing_count: Ints
    uncoverable: Bools
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Merged rows and candidates."""
        return self.first.size, self.allowed.size

    @property
    def matrix(self) -> sparse.csr_array:
        """The merged rows as a sparse matrix of ones."""
        return sparse.csr_array((np.ones(self.row_cols.size), self.row_cols, self.row_ends), shape=self.shape)

    @property
    def whole_numbers(self) -> bool:
        """Whether every reward is an integer, so that two values differ by 1 at least."""
        return bool(np.all(self.first % 1 == 0) and np.all(self.second % 1 == 0) and self.constant % 1 == 0)

    def without(self, allowed: Bools) -> Reduced:
        """Keep fewer candidates and merge the rows once more; candidate numbers stay.

        Parameters
        ----------
        allowed
            Candidates that are kept. Shape (m,).
        """
        kept = allowed[self.row_cols]
        ends = np.concatenate([[0], np.cumsum(kept)])[self.row_ends]
        matrix = sparse.csr_array((np.ones(int(kept.sum())), self.row_cols[kept], ends), shape=self.shape)
        label, count = merge(matrix, self.town, np.diff(ends) > 0)
        members = np.append(label, -1)[self.members]
        return replace(self, members=members, allowed=allowed, **_merged(matrix, label, count, self))

    def rows_only(self, keep: Bools) -> Reduced:
        """Keep some of the merged rows, where the others follow from them.

        Parameters
        ----------
        keep
            Merged rows that are kept. Shape (rows,).
        """
        kept = np.flatnonzero(keep)
        rank = np.full(keep.size, -1, dtype=np.int64)
        rank[kept] = np.arange(kept.size)
        members = np.append(rank, -1)[self.members]
        return replace(
            self, members=members, **_arrays(self.matrix[kept], self.first[kept], self.second[kept], self.town[kept])
        )


def merge(matrix: sparse.csr_array, town: Ints, keep: Bools) -> tuple[Ints, int]:
    """Give rows with the same candidates and town the same label, in order of first appearance.

    Parameters
    ----------
    matrix
        Ones for covered pairs. Shape (n, m).
    town
        Town of each row; rows of different towns are never merged. Shape (n,).
    keep
        Rows to be labelled; the others get -1. Shape (n,).

    Returns
    -------
    tuple
        Label of each row, shape (n,), and the number of labels.
    """
    keys = np.random.default_rng(KEY_SEED).integers(0, 2**63, size=(2, matrix.shape[1]), dtype=np.uint64)
    sums = []
    for key in keys:
        running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(key[matrix.indices], dtype=np.uint64)])
        sums.append(running[matrix.indptr[1:]] - running[matrix.indptr[:-1]])
    rows = np.flatnonzero(keep)
    label = np.full(matrix.shape[0], -1, dtype=np.int64)
    if not len(rows):
        return label, 0
    parts = np.rec.fromarrays([sums[0][rows], sums[1][rows], np.diff(matrix.indptr)[rows], town[rows]])
    _, at, back = np.unique(parts, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(at))
    label[rows] = order[back]
    return label, len(at)


def sums(label: Ints, values: Floats, count: int) -> Floats:
    """Add values by label; shape (count,).

    Parameters
    ----------
    label
        Label of each value.
    values
        Values.
    count
        Number of labels.
    """
    return np.bincount(label, values, count).astype(np.float64)


def _merged(matrix: sparse.csr_array, label: Ints, count: int, old: Reduced) -> dict[str, Any]:
    used = label >= 0
    _, at = np.unique(label[used], return_index=True)
    return _arrays(
        matrix[np.flatnonzero(used)[at]],
        sums(label[used], old.first[used], count),
        sums(label[used], old.second[used], count),
        old.town[np.flatnonzero(used)[at]],
    )


def _arrays(matrix: sparse.csr_array, first: Floats, second: Floats, town: Ints) -> dict[str, Any]:
    turned = matrix.tocsc()
    return {
        "row_ends": matrix.indptr.astype(np.int64), "row_cols": matrix.indices.astype(np.int64),
        "col_ends": turned.indptr.astype(np.int64), "col_rows": turned.indices.astype(np.int64),
        "first": np.ascontiguousarray(first, dtype=np.float64),
        "second": np.ascontiguousarray(second, dtype=np.float64),
        "town": np.ascontiguousarray(town, dtype=np.int64),
    }  # fmt: skip


def choices(problem: Problem) -> tuple[Bools, Ints, Ints, tuple[str, ...]]:
    """Which candidates may be taken, and which of them collide.

    Parameters
    ----------
    problem
        The question.

    Returns
    -------
    tuple
        Candidates that may be taken, shape (m,); ends and numbers of each one's rivals; notes.

    Raises
    ------
    InfeasibleError
        If the spacing to existing stations leaves no candidate.
    """
    size = problem.n_candidates
    pairs = problem.conflicts
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    built = np.zeros(size, dtype=np.bool_)
    built[problem.existing] = True
    allowed = ~built
    near = built[pairs].any(axis=1)
    allowed[pairs[near].ravel()] = False
    notes = []
    shut = np.flatnonzero(~allowed & ~built)
    if len(shut):
        notes.append(f"too close to an existing station: candidates {listed(shut)}")
    if not allowed.any() and problem.steps[-1] > 0:
        msg = f"spacing to the existing stations shuts out every candidate ({listed(shut)}): lower the spacing"
        if not len(shut):
            msg = "every candidate has a station already: add candidates"
        raise InfeasibleError(msg, candidates=shut)
    given = problem.new_sites is not None or problem.phases is not None
    if problem.exactly and given and allowed.sum() < problem.steps[-1]:
        msg = (
            f"{problem.steps[-1]} sites are asked for, but the spacing to the existing stations leaves {allowed.sum()} "
            f"candidates (too close: {listed(shut)}): lower the spacing or the number"
        )
        raise InfeasibleError(msg, candidates=shut)
    pairs = pairs[~near]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    ends = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=size))])
    return allowed, ends.astype(np.int64), np.ascontiguousarray(both[:, 1], dtype=np.int64), tuple(notes)


def reduce(problem: Problem) -> Reduced:
    """Drop settled rows and merge equal ones.

    Parameters
    ----------
    problem
        A question of covering.
    """
    allowed, rival_ends, rivals, notes = choices(problem)
    covers = problem.covers()
    built = np.zeros(problem.n_candidates)
    built[problem.existing] = 1.0
    have = np.rint(covers @ built).astype(np.int64)
    reach = np.rint(covers @ (allowed | (built > 0)).astype(np.float64))
    uncoverable = (reach == 0) & (problem.weights > 0)
    if uncoverable.any():
        notes = (*notes, f"no candidate reaches {int(uncoverable.sum())} rows: {listed(np.flatnonzero(uncoverable))}")
    theta = problem.second_weight if problem.goal == "backup" else 0.0
    weights = problem.weights
    first = np.where(have == 0, weights, np.where(have == 1, theta * weights, 0.0))
    second = np.where(have == 0, theta * weights, 0.0)
    constant = float(weights[have > 0].sum() + theta * weights[have > 1].sum())
    kept = allowed[covers.indices]
    ends = np.concatenate([[0], np.cumsum(kept)])[covers.indptr]
    matrix = sparse.csr_array((np.ones(int(kept.sum())), covers.indices[kept], ends), shape=covers.shape)
    town = problem.towns if problem.towns is not None else np.full(weights.size, -1, dtype=np.int64)
    if problem.town_share is None and not problem.fairest:
        town = np.full(weights.size, -1, dtype=np.int64)
    if problem.goal == "backup":  # a town's share counts first covers only: rows that have one never merge with others
        town = np.where(have > 0, -2 - town, town)
    raw = Reduced(
        **_arrays(matrix, first, second, town), members=np.arange(weights.size), constant=constant, allowed=allowed,
        rival_ends=rival_ends, rivals=rivals, existing_count=have, uncoverable=uncoverable, notes=notes,
    )  # fmt: skip
    label, count = merge(matrix, town, (first > 0) & (np.diff(ends) > 0))
    return replace(raw, members=label, **_merged(matrix, label, count, raw))
