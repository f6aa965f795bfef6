"""Gradient descent on a quadratic: where the step is too large for the curvature (Figure 3)."""

import numpy as np

EIGENVALUES = (20.0, 1.0)  # Figure 3
START = (1.0, 1.0)  # ours: the figure names none. Both directions start with a share
STEPS = 50  # ours: 1.1 times the limit grows by (2 * 1.1 - 1)**50, about 9,000 times


def loss(points, eigenvalues=EIGENVALUES):
    """Half the sum of alpha_i * x_i^2; points (..., dimensions) to (...)."""
    return 0.5 * np.square(points) @ np.asarray(eigenvalues)


def descend(rate, eigenvalues=EIGENVALUES, start=START, steps=STEPS):
    """The points of gradient descent, the start included: float array (steps + 1, dimensions)."""
    points = [np.asarray(start, float)]
    for _ in range(steps):
        gradient = np.asarray(eigenvalues) * points[-1]
        points.append(points[-1] - rate * gradient)
    return np.array(points)


def edge(eigenvalues=EIGENVALUES):
    """The rate above which gradient descent is said to be unstable: 2 / alpha_* (section 3.2)."""
    return 2 / max(eigenvalues)


def growth(rate):
    """Loss after the last step over the loss at the start: above 1 if descent was unstable."""
    points = descend(rate)
    return float(loss(points[-1]) / loss(points[0]))
