"""Totals over a large variable piece by piece, so that nothing of its size is written on the way.

XLA on a CPU fuses what is computed for one coordinate, but not into the sum or minimum over all of
them: the terms of a variable would be written out and read again. Pieces stay in the cache.
"""

import operator

from clippy.arrays import REDUCE, library_of, minimum

SIZE = 1 << 14  # coordinates of a piece; measured: from 2**15 on some processors lose a third
JOIN = {"sum": operator.add, "min": minimum}


def totals_of_columns(terms, arrays, size=SIZE):
    """Totals of terms along all axes but the last.

    `terms(*arrays)` is a list of (kind, tensor of their shape), kind "sum" or "min". The arrays
    have one static shape, of rank 2 or more and not empty. A piece has about `size` coordinates.
    Returns: a list of (kind, tensor of shape (1, ..., 1, columns)), a pair for each term.
    """
    xp = library_of(arrays[0])
    columns = arrays[0].shape[-1]
    kept = [1] * (len(arrays[0].shape) - 1) + [columns]
    arrays = [xp.reshape(array, [-1, columns]) for array in arrays]
    rows = arrays[0].shape[0]
    step = max(1, size // columns)
    first = rows % step or min(step, rows)

    def of(start, length):
        pieces = [xp.slice(array, [start, 0], [length, columns]) for array in arrays]
        return [(kind, REDUCE[kind](term, axis=0)) for kind, term in terms(*pieces)]

    def add(start, totals):
        more = [total for _, total in of(start, step)]
        joined = [JOIN[k](*pair) for k, *pair in zip(kinds, totals, more, strict=True)]
        return start + step, joined

    kinds, totals = zip(*of(0, first), strict=True)
    if rows > first:
        _, totals = xp.while_loop(lambda start, _: start < rows, add, (first, list(totals)))
    return [(kind, xp.reshape(total, kept)) for kind, total in zip(kinds, totals, strict=True)]
