"""The default score of detectors."""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from skpoison._typing import Rows
from skpoison.metrics import poison_f1


class PoisonScoreMixin:
    """Scores a detector by the truth, where there is one."""

    predict: Callable

    __metadata_request__score = {"poison_mask": True}

    def score(
        self, X: Rows, y: ArrayLike | None = None, poison_mask: ArrayLike | None = None
    ) -> float:
        """F1 of the verdict against the truth.

        Metadata routing passes `poison_mask` on without a ``set_score_request``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        poison_mask : array-like of shape (n_samples,), dtype=bool, default=None
            True for the rows that are poison.

        Returns
        -------
        f1 : float
            Harmonic mean of precision and recall of the poison; NaN without `poison_mask`.

        Warns
        -----
        UserWarning
            If there is no `poison_mask`.

        Examples
        --------
        >>> import sklearn
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import GridSearchCV, StratifiedKFold
        >>> from skpoison.attacks import LabelFlipAttack
        >>> from skpoison.detectors import CentroidDetector
        >>> attack = LabelFlipAttack(rate=0.2, random_state=0)
        >>> X, y = attack.fit_resample(*load_iris(return_X_y=True))
        >>> folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, attack.poison_mask_)
        >>> search = GridSearchCV(
        ...     CentroidDetector(), {"contamination": [0.01, 0.17]}, cv=list(folds)
        ... )
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     search.fit(X, y, poison_mask=attack.poison_mask_).best_params_
        {'contamination': 0.17}
        """
        verdict = self.predict(X, y)
        if poison_mask is None:
            warnings.warn(
                f"{type(self).__name__}.score is NaN without the truth. Pass poison_mask, in a "
                "search by enable_metadata_routing=True and search.fit(X, y, poison_mask=mask); "
                "or score a classifier trained on the rows kept: "
                "scoring=skpoison.metrics.make_recovery_scorer(...).",
                UserWarning,
                stacklevel=2,
            )
            return np.nan
        return poison_f1(poison_mask, verdict)
