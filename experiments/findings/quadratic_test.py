"""Gradient descent against its closed form."""

import numpy as np

from experiments.findings import quadratic


def test_each_direction_shrinks_by_its_own_factor():
    points = quadratic.descend(0.03, eigenvalues=(20.0, 1.0), start=(2.0, -3.0), steps=7)
    steps = np.arange(8)
    np.testing.assert_allclose(points[:, 0], 2.0 * (1 - 0.6) ** steps)
    np.testing.assert_allclose(points[:, 1], -3.0 * (1 - 0.03) ** steps)

    assert quadratic.loss(np.array([[2.0, 3.0], [0.0, 1.0]]), (20.0, 1.0)).tolist() == [44.5, 0.5]

    assert quadratic.edge((3.0, 8.0)) == 2 / 8.0
