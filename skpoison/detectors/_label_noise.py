"""Label noise seen by fast learners, each out of sample."""

from numbers import Integral

import numpy as np
from joblib import delayed
from sklearn.utils._param_validation import Interval
from threadpoolctl import threadpool_limits

from skpoison._typing import Contamination, RandomState
from skpoison.detectors._cross_fitting import near_duplicate_groups
from skpoison.detectors._forest_scores import HalfForest
from skpoison.detectors._label_base import BaseLabelNoiseDetector
from skpoison.detectors._linear_judge import HELD, TEMPERATURE_SCALE, judge_linearly
from skpoison.detectors._ridge_scores import LeaveOneOutRidge
from skpoison.detectors._standardizer import Standardizer
from skpoison.thresholds import LabelNoiseThreshold
from skpoison.thresholds._noise_likelihood import fit_uniform_noise
from skpoison.utils._parallel import Parallel

TEMPERATURES = {"linear": 2.5, "rbf": 2.5, "trees": 0.8}  # priors of the second round's
SURE = 6.0  # likelihood ratio of the first round
ROWS_OF_TREES = 300  # fewer rows have no trees: they follow gradient poison
# Both are tried by benchmarks/calibrate.py denied.
LEAST_DENIED = 0.25  # of what the linear learner contradicts: where sure of these, it insists,
MOST_SHARED = 0.5  # if of the rows that it flags the sum flags less than this part


class LabelNoiseDetector(BaseLabelNoiseDetector):
    """Flag rows whose labels several learners contradict that have not learnt them.

    Out-of-sample scores of every row under every label come from three fast learners: linear and
    RBF kernel ridge regression, whose leave-one-out predictions have a closed form, and
    extremely randomised trees, each fitted to half of the rows and asked about the others.
    Near-duplicates are left out together. The linear learner, the most robust to poison, judges
    alone first; the rows whose labels it finds wrong weigh less when all of them learn. Their
    scores are added with the weights that maximise the likelihood of the labels under noise.
    Where the linear learner is sure of wrong labels, "auto" holds the temperature of the sum to
    its prior: gradient poison, which the others follow, would pass for classes that overlap. Where
    the sum of many rows still shows fewer, the labels of its surest rows tell how many.

    The linear learner judges alone where the sum of 300 rows or more flags less than half of the
    rows that it flags, and it is sure of a quarter of all labels that it contradicts: where it errs
    by nature, it is sure of few. It does so too where the labels that it contradicts are a group
    that the RBF kernel has learnt, as gradient poison of many sets is: it is then fitted without
    the group. Where no line divides the classes, it has no say.

    Parameters
    ----------
    n_components : int, default=1000
        Features of the kernel approximation. More are slower and, from 10,000 rows on, better.

    n_trees : int, default=100
        Number of trees; none below 300 rows.

    n_jobs : int, default=None
        Number of threads, as in joblib; each computes in one thread, so that the verdict does not
        depend on it.

    verbose : int, default=0
        1 shows a progress bar.

    contamination : "auto", float or threshold rule, default="auto"
        The rule of :mod:`skpoison.thresholds` that makes a verdict of the scores, or the share of
        the training rows to flag, in (0, 0.5]. "auto" is the likelihood of label noise.

    random_state : int, RandomState instance or None, default=None
        Seed of the kernel approximation and the trees.

    Attributes
    ----------
    learners_ : dict of str to learner
        The fitted learners; the linear one alone where it was fitted without a group.

    weights_ : dict of str to float
        The factor on each learner's scores; 0 where the linear one judges alone.

    first_threshold_ : LabelNoiseThreshold
        The fitted rule of the first round.

    trust_ : ndarray of shape (n_samples,)
        Weight of the training rows in the second round: probability of a right label by the first.

    contamination_ : float
        Estimated share of wrong labels.

    See Also
    --------
    BasePoisonDetector : Attributes that detectors share.
    MarginDetector : Cross-fits a classifier of your choice.
    ConfidentLearningDetector : Counts confident predictions.

    Notes
    -----
    The ridge learners see columns that are standardised and cut at three standard deviations, so
    that units do not matter.

    References
    ----------
    .. [1] C. E. Brodley, M. A. Friedl, "Identifying Mislabeled Training Data", Journal of
       Artificial Intelligence Research 11, 1999.
    .. [2] P. Geurts, D. Ernst, L. Wehenkel, "Extremely Randomized Trees", Machine Learning 63,
       2006.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.attacks import LabelFlipAttack
    >>> from skpoison.detectors import LabelNoiseDetector
    >>> X, y = load_digits(return_X_y=True)
    >>> detector = LabelNoiseDetector(random_state=0).fit(X, y)
    >>> detector.contamination_
    0.0
    >>> attack = LabelFlipAttack(rate=0.1, injection="replace", random_state=0)
    >>> X, y = attack.fit_resample(X, y)
    >>> poison = detector.fit_predict(X, y) == -1
    >>> bool((poison == attack.poison_mask_).mean() > 0.99)
    True
    """

    short_names = {"label-noise": {}}
    auto_threshold = LabelNoiseThreshold()

    _parameter_constraints = {
        **BaseLabelNoiseDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_trees": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        n_components: int = 1000,
        n_trees: int = 100,
        n_jobs: int | None = None,
        verbose: int = 0,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
    ):
        super().__init__(contamination=contamination, random_state=random_state)
        self.n_components = n_components
        self.n_trees = n_trees
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_label_scores(self, X, y, random_state):
        with threadpool_limits(1):
            return self._fit_learners(X, y, random_state)

    def _fit_learners(self, X, y, random_state):
        n_classes = len(self.classes_)
        self._scaler = Standardizer(X)
        standardized = self._scaler(X)
        groups = near_duplicate_groups(standardized, y)
        learners = {
            kernel: LeaveOneOutRidge(
                kernel, self.n_components, n_classes, int(random_state.randint(2**31 - 1))
            )
            for kernel in ("linear", "rbf")
        }
        first = judge_linearly(learners["linear"], learners["rbf"], standardized, y, groups)
        self.first_threshold_, self._is_linear = first.rule, first.is_linear
        self.trust_ = np.ones(len(y))
        if first.is_linear:
            self.trust_ -= first.rule.poison_probability(first.costs, y)
        if first.has_group:
            learners["linear"].release()
            self.learners_ = {"linear": learners["linear"]}
            self.weights_ = {"linear": first.rule.temperature_}
            return self._combine([-first.costs])
        rows = dict.fromkeys(learners, standardized)
        if len(X) >= ROWS_OF_TREES:
            learners["trees"] = HalfForest(self.n_trees, n_classes, random_state, self.n_jobs)
            rows["trees"] = self._scaler.in_single_precision(X)
        parallel = Parallel(
            self.n_jobs,
            prefer="threads",
            n_tasks=len(learners),
            description="learners",
            verbose=self.verbose,
        )
        fits = parallel(
            delayed(_fit)(learner, rows[name], y, groups, self.trust_)
            for name, learner in learners.items()
        )
        learners, scores = zip(*fits, strict=True)
        self.learners_ = dict(zip(rows, learners, strict=True))
        priors = np.array([TEMPERATURES[name] for name in self.learners_])
        fit = fit_uniform_noise(np.stack(scores), y, priors, TEMPERATURE_SCALE)
        # relative to each other: how far the sum of all is to be trusted, the threshold rule says
        level = np.exp(np.mean(np.log(fit.temperatures / priors)))
        self.weights_ = dict(zip(self.learners_, (fit.temperatures / level).tolist(), strict=True))
        costs = self._combine(scores)
        if "trees" in self.learners_ and self._is_denied(first, costs, y):
            self.weights_ = dict.fromkeys(self.learners_, 0.0)
            self.weights_["linear"] = self.first_threshold_.temperature_
            costs = self._combine(scores)
        return costs

    def _is_denied(self, first, costs, y):
        """Whether the sum leaves most of the rows that the linear learner is sure to flag."""
        sure_share = self._sure_share()
        if sure_share == 0 or sure_share < LEAST_DENIED * first.contradicted:
            return False
        flagged = first.rule.anomaly_scores(first.costs, y) > 0
        rule = self._rule_when_sure().fit(costs, y)
        shared = rule.anomaly_scores(costs[flagged], y[flagged]) > 0
        return bool(flagged.any() and shared.mean() < MOST_SHARED)

    def _sure_share(self):
        """The least share of wrong labels that the first round is sure of, or 0."""
        first = self.first_threshold_
        is_sure = first.noise_ != "none" and first.likelihood_ratio_ > SURE
        return first.contamination_interval_[0] if is_sure and self._is_linear else 0.0

    def _rule_when_sure(self):
        return LabelNoiseThreshold(temperature_scale=HELD, sure_share=self._sure_share())

    def _make_threshold(self, random_state):
        rule = super()._make_threshold(random_state)
        if self.contamination == "auto" and len(self.classes_) > 1 and self._sure_share() > 0:
            return self._rule_when_sure()
        return rule

    def _label_scores(self, X):
        standardized, plain = self._scaler(X), self._scaler.in_single_precision(X)
        return self._combine(
            [
                learner.predict(plain if name == "trees" else standardized)
                for name, learner in self.learners_.items()
            ]
        )

    def _combine(self, scores):
        return -np.tensordot(list(self.weights_.values()), np.stack(scores), 1)


def _fit(learner, *arguments):
    """The fitted learner too: it may be a copy in another process."""
    scores = learner.fit_predict(*arguments)
    if isinstance(learner, LeaveOneOutRidge):
        learner.release()
    return learner, scores
