"""Where poison passes the sphere and slab defences."""

import numpy as np

N_PROJECTIONS = 60


class FeasibleSet:
    """Rows that sphere, slab and box let pass, class by class.

    Parameters
    ----------
    X, y : ndarray of shape (n_samples, n_features) and (n_samples,)
        Clean rows and label codes.
    n_classes : int
    defences : collection of {"sphere", "slab"}
    quantile : float
        The share of the clean rows of a class that each defence lets pass.
    box : Box

    Attributes
    ----------
    centers : ndarray of shape (n_classes, n_features)
        Means, which are always feasible.
    radii, widths : ndarray of shape (n_classes,)
        Largest distance from the centre, in all and along the lines to the other centres; inf
        without the defence.
    """

    def __init__(self, X, y, n_classes, defences, quantile, box):
        self.box = box
        self.centers = np.stack([X[y == code].mean(axis=0) for code in range(n_classes)])
        self.radii, self.widths = np.full((2, n_classes), np.inf)
        self.lines = []
        for code in range(n_classes):
            lines = np.delete(self.centers, code, axis=0) - self.centers[code]
            lengths = np.linalg.norm(lines, axis=1)
            self.lines.append(lines[lengths > 0] / lengths[lengths > 0, np.newaxis])
            offsets = X[y == code] - self.centers[code]
            if "sphere" in defences:
                self.radii[code] = np.quantile(np.linalg.norm(offsets, axis=1), quantile)
            if "slab" in defences and len(self.lines[code]):
                along = np.abs(offsets @ self.lines[code].T).max(axis=1)
                self.widths[code] = np.quantile(along, quantile)

    def project(self, X, code):
        """The nearest feasible rows of a class, up to a last step towards its centre.

        Dykstra's projections, on the sphere, each slab and the box in turn.
        """
        sets = self._projections(code)
        X = X.astype(np.float64)
        corrections = [np.zeros_like(X) for _ in sets]
        for _ in range(N_PROJECTIONS):
            before = X
            for number, project in enumerate(sets):
                shifted = X + corrections[number]
                X = project(shifted)
                corrections[number] = shifted - X
            if np.abs(X - before).max() < 1e-12:
                break
        return self._shrink(X, code)

    def _projections(self, code):
        center, radius, width = self.centers[code], self.radii[code], self.widths[code]

        def on_sphere(X):
            offsets = X - center
            length = np.linalg.norm(offsets, axis=1, keepdims=True)
            return center + offsets * np.minimum(1.0, radius / np.maximum(length, 1e-300))

        def on_slab(line):
            def project(X):
                along = (X - center) @ line
                return X - np.outer(along - np.clip(along, -width, width), line)

            return project

        sets = [lambda X: np.clip(X, self.box.low, self.box.high)]
        if np.isfinite(radius):
            sets.append(on_sphere)
        if np.isfinite(width):
            sets += [on_slab(line) for line in self.lines[code]]
        return sets

    def _shrink(self, X, code):
        """Move rows to the centre until nothing is violated: all sets are convex and hold it."""
        center, box = self.centers[code], self.box
        offsets = X - center
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = [
                self.radii[code] / np.linalg.norm(offsets, axis=1),
                *(self.widths[code] / np.abs(offsets @ line) for line in self.lines[code]),
                np.nanmin(np.where(offsets > 0, (box.high - center) / offsets, np.inf), axis=1),
                np.nanmin(np.where(offsets < 0, (box.low - center) / offsets, np.inf), axis=1),
            ]
        share = np.clip(np.fmin.reduce(limits), 0.0, 1.0)
        return np.clip(center + share[:, np.newaxis] * offsets, box.low, box.high)
