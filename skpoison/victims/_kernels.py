"""Kernels and their derivative with respect to one argument."""

import numpy as np

KERNELS = ("linear", "poly", "rbf")


class Kernel:
    """A kernel of :class:`~sklearn.svm.SVC` with a derivative.

    Parameters
    ----------
    name : {"linear", "poly", "rbf"}
    gamma : float
        The factor of "poly" and "rbf".
    degree, coef0 : float
        The power and the constant of "poly".
    """

    def __init__(self, name, *, gamma=1.0, degree=3, coef0=0.0):
        self.name = name
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0

    def __call__(self, points, rows, squared_norms):
        """Kernel values of `points` (d,) or (p, d) with `rows` (n, d), as (n,) or (p, n).

        `squared_norms` (n,) are those of the rows, which only "rbf" reads.
        """
        products = points @ rows.T
        if self.name == "linear":
            return products
        if self.name == "poly":
            return (self.gamma * products + self.coef0) ** self.degree
        own_norms = np.einsum("...i,...i->...", points, points)
        products *= 2.0 * self.gamma
        products -= self.gamma * squared_norms
        products -= self.gamma * own_norms[..., None]
        return np.exp(np.minimum(products, 0.0, out=products), out=products)

    def weighted_derivative(self, points, rows, values, weights):
        """Sum over the rows of weight times the derivative of k(point, row) at the point.

        `values` are the kernel values of the points with the rows, `weights` has their shape.
        The derivative is with respect to the first argument alone.
        """
        if self.name == "linear":
            return weights @ rows
        if self.name == "poly":
            inner = self.gamma * (points @ rows.T) + self.coef0
            return (weights * (self.degree * self.gamma) * inner ** (self.degree - 1)) @ rows
        pull = (2.0 * self.gamma) * weights * values
        return pull @ rows - pull.sum(axis=-1)[..., None] * points
