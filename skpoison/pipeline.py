"""Pipelines that hand the labels to a detector at their end."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from imblearn import pipeline as imblearn_pipeline
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.pipeline import _final_estimator_has, _name_estimators
from sklearn.utils import _safe_indexing
from sklearn.utils._metadata_requests import _routing_enabled
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted, check_memory

from skpoison._samplers import follow_rows, row_sources
from skpoison._typing import Estimator, FloatArray, IntArray, Rows
from skpoison.detectors import BasePoisonDetector
from skpoison.utils._pipelines import last_step_and_rows

__all__ = ["Pipeline", "make_pipeline"]


class Pipeline(imblearn_pipeline.Pipeline):
    """Transformers and samplers in front of a detector or a classifier.

    imbalanced-learn's Pipeline, and three things more:

    - Methods that judge rows take their labels and hand them to the last step.
    - A detector knows the rows again that the pipeline was fitted to, even where ``fit_transform``
      and ``transform`` of a step in front give different ones.
    - Metadata with one entry a row follow the rows of a sampler. Behind a filter, those of dropped
      rows are gone; behind an attack, a poison row has that of the row it was made from.

    Samplers, which are attacks and filters, act in fit alone.

    Parameters
    ----------
    steps : list of (str, estimator)
        Names and steps: transformers and samplers, and at the end a detector or any other
        estimator.

    transform_input : list of str, default=None
        Names of metadata that are to be transformed by the steps in front; needs metadata routing.

    memory : str or object with the joblib.Memory interface, default=None
        Where fitted transformers and samplers are cached.

    verbose : bool, default=False
        Whether to print the time that each step took.

    Attributes
    ----------
    named_steps : Bunch
        The steps by name.

    classes_ : ndarray of shape (n_classes,)
        The labels that the last step saw.

    offset_ : float
        That of the detector: ``decision_function = score_samples - offset_``.

    fitted_threshold_ : threshold rule
        The detector's.

    contamination_ : float
        Share of poison that the detector estimates.

    contamination_interval_ : tuple of float
        Its 90 % interval.

    n_features_in_ : int
        Number of columns that the first step saw.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the first step has them.

    Raises
    ------
    ValueError
        In fit, if metadata with one entry a row are for a step behind a sampler that does not say
        which rows it kept, or behind poison that was made from rows of `X_val`.

    See Also
    --------
    make_pipeline : Names the steps by itself.
    skpoison.filtering.PoisonFilter : Takes a detector, or a pipeline that ends in one, and drops
        what it flags in front of a classifier.

    Notes
    -----
    Metadata have one entry a row if they are as long as `X`, which is what cross-validation in
    scikit-learn goes by. Rows that ``transform`` makes equal are known again as the first of them.
    In single precision some processors multiply matrices so that a row comes out otherwise among
    other rows; a part of the rows of the fit may then be judged as new ones. In double precision
    they are known.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import LabelNoiseDetector
    >>> from skpoison.pipeline import make_pipeline
    >>> attack = LabelFlipAttack(rate=0.1, injection="replace", random_state=0)
    >>> X, y = attack.fit_resample(*load_digits(n_class=3, return_X_y=True))
    >>> pipeline = make_pipeline(PCA(20, random_state=0), LabelNoiseDetector(random_state=0))
    >>> poison = pipeline.fit(X, y).predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.99)
    True
    """

    def fit(self, X: Rows, y: ArrayLike | None = None, **params: Any) -> Self:
        """Fit the steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        **params : dict
            Metadata: ``step__parameter`` for that step's fit or, with metadata routing, what the
            steps request.

        Returns
        -------
        self : object
            The fitted pipeline.
        """
        super().fit(X, y, **params)
        self._let_detector_know(X)
        return self

    @available_if(_final_estimator_has("fit_predict"))
    def fit_predict(self, X: Rows, y: ArrayLike | None = None, **params: Any) -> IntArray:
        """Fit the steps and judge the rows that the last one was fitted to.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        **params : dict
            Metadata as in ``fit``.

        Returns
        -------
        verdict : ndarray of shape (n_fitted,)
            What the last step says of the rows that samplers leave: +1 for clean rows, -1 for
            poison.
        """
        verdict = super().fit_predict(X, y, **params)
        self._let_detector_know(X)
        return verdict

    @available_if(_final_estimator_has("predict"))
    def predict(self, X: Rows, y: ArrayLike | None = None, **params: Any) -> IntArray:
        """Ask the last step for its verdict on transformed rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels. A classifier takes none.

        **params : dict
            Metadata for the last step or, with metadata routing, what the steps request.

        Returns
        -------
        verdict : ndarray of shape (n_samples,)
            Of a detector: +1 for clean rows, -1 for poison.
        """
        return self._ask("predict", X, y, params)

    @available_if(_final_estimator_has("decision_function"))
    def decision_function(self, X: Rows, y: ArrayLike | None = None, **params: Any) -> FloatArray:
        """Ask the last step to score transformed rows relative to its threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        **params : dict
            Metadata.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            Of a detector: negative for poison.
        """
        return self._ask("decision_function", X, y, params)

    @available_if(_final_estimator_has("score_samples"))
    def score_samples(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Ask the last step to score transformed rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            The higher, the more normal.
        """
        return self._ask("score_samples", X, y)

    @available_if(_final_estimator_has("poison_probability"))
    def poison_probability(self, X: Rows, y: ArrayLike | None = None) -> FloatArray:
        """Ask the detector how probable it is that rows are poison.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
        """
        return self._ask("poison_probability", X, y)

    @available_if(_final_estimator_has("class_scores"))
    def class_scores(self, X: Rows) -> FloatArray:
        """Ask the detector to score transformed rows under each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes)
            The larger, the more anomalous.
        """
        return self._ask("class_scores", X)

    @available_if(_final_estimator_has("score"))
    def score(self, X: Rows, y: ArrayLike | None = None, **params: Any) -> float:
        """Ask the last step for its score.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        **params : dict
            Metadata, such as a detector's `poison_mask` or a classifier's `sample_weight`.

        Returns
        -------
        score : float
            Of a detector: F1 for the truth in `poison_mask`.
        """
        return self._ask("score", X, y, params)

    @property
    def offset_(self) -> float:
        """Threshold of the detector on ``score_samples``."""
        return self._final_estimator.offset_

    @property
    def fitted_threshold_(self) -> Estimator:
        """The detector's rule."""
        return self._final_estimator.fitted_threshold_

    @property
    def contamination_(self) -> float:
        """Share of poison that the detector estimates."""
        return self._final_estimator.contamination_

    @property
    def contamination_interval_(self) -> tuple[float, float]:
        """Its 90 % interval."""
        return self._final_estimator.contamination_interval_

    def _ask(self, method, X, y=None, params=None):
        """Call the last step's method with transformed rows, the labels if any, and metadata."""
        check_is_fitted(self)
        params = params or {}
        routed = process_routing(self, method, **params) if _routing_enabled() else {}
        for _, name, step in self._iter(with_final=False):
            X = step.transform(X, **routed.get(name, {}).get("transform", {}))
        name, last = self.steps[-1]
        if _routing_enabled():
            params = routed.get(name, {}).get(method, {})
        labels = () if y is None else (y,)
        return getattr(last, method)(X, *labels, **params)

    def _fit(self, X, y=None, routed_params=None, raw_params=None):
        """As imbalanced-learn's, but metadata follow the rows of the samplers."""
        self.steps = list(self.steps)
        self._validate_steps()
        memory = check_memory(self.memory)
        fit_transform = memory.cache(imblearn_pipeline._fit_transform_one)
        fit_resample = memory.cache(imblearn_pipeline._fit_resample_one)
        given = X
        for number, (name, step) in enumerate(self.steps):
            if any(routed_params[name].values()) and self._samplers(number):
                routed_params[name] = follow_rows(
                    routed_params[name], given, self._samplers(number), name
                )
            if number == len(self.steps) - 1 or not hasattr(step, "fit"):
                continue
            if getattr(memory, "location", "of its own") is not None:
                step = clone(step)
            params = self._get_metadata_for_step(
                step_idx=number, step_params=routed_params[name], all_params=raw_params
            )
            shown = {"message_clsname": "Pipeline", "message": self._log_message(number)}
            if hasattr(step, "fit_resample"):
                X, y, step = fit_resample(step, X, y, params=params, **shown)
            else:
                X, step = fit_transform(step, X, y, weight=None, params=params, **shown)
            self.steps[number] = (name, step)
        return X, y

    def _let_detector_know(self, X):
        """Let the detector know its rows again as ``transform`` gives them.

        Poison rows never come through ``transform``, and what a sampler without
        ``sample_indices_`` made of the rows is not known.
        """
        detector = self._final_estimator
        samplers = self._samplers(len(self.steps))
        if (
            len(self.steps) > 1
            and isinstance(detector, BasePoisonDetector)
            and all(hasattr(sampler, "sample_indices_") for sampler in samplers)
        ):
            sources = row_sources(samplers, _num_samples(X), of_poison=False)
            rows = np.flatnonzero(sources >= 0)
            seen = last_step_and_rows(self, X)[1]
            detector._know_again(_safe_indexing(seen, sources[rows]), rows)

    def _samplers(self, number):
        """Those in front of a step."""
        return [step for _, step in self.steps[:number] if hasattr(step, "fit_resample")]


def make_pipeline(
    *steps: Any,
    transform_input: Sequence[str] | None = None,
    memory: Any = None,
    verbose: bool = False,
) -> Pipeline:
    """Make a :class:`Pipeline` whose steps are named after their classes.

    Parameters
    ----------
    *steps : estimators
        The steps.

    transform_input : list of str, default=None
        As in :class:`Pipeline`.

    memory : str or object with the joblib.Memory interface, default=None
        As in :class:`Pipeline`.

    verbose : bool, default=False
        As in :class:`Pipeline`.

    Returns
    -------
    pipeline : Pipeline

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skpoison.detectors import CentroidDetector
    >>> from skpoison.pipeline import make_pipeline
    >>> make_pipeline(StandardScaler(), CentroidDetector())
    Pipeline(steps=[('standardscaler', StandardScaler()),
                    ('centroiddetector', CentroidDetector())])
    """
    return Pipeline(
        _name_estimators(steps), transform_input=transform_input, memory=memory, verbose=verbose
    )
