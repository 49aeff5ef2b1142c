"""The likelihood of label noise: how many labels are wrong, and which."""

from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb, log_softmax, logit, softmax, xlogy
from scipy.stats import chi2
from sklearn.utils._param_validation import Interval, StrOptions

from skpoison._typing import FloatArray
from skpoison.thresholds._base import BaseThreshold
from skpoison.thresholds._noise_likelihood import (
    MAX_SHARE,
    fit_pair_noise,
    fit_uniform_noise,
    likelihood_profile,
    pair_likelihoods,
    pair_profile,
    profile_interval,
)
from skpoison.thresholds._surest_rows import least_contradicted, without_noise

LEVEL = 0.9  # of the interval; noise is accepted where the interval excludes a share of 0
NEW_ROWS_SHARE = 0.05  # of wrong labels among new rows, where the training rows have none
CHANCE_GAIN = 0.7  # of log-likelihood, less of which is no sign that labels follow the scores
ROWS_PER_PAIR = 5  # rows for each pair of labels, for their noise to be told apart
PAIR_LEVEL = 0.999  # of the likelihood ratio test of noise that depends on the pair of labels
PAIR_GAIN = 0.01  # of log-likelihood a row beyond that: what classes that look alike may explain


class LabelNoiseThreshold(BaseThreshold):
    """Estimate the share of wrong labels by maximum likelihood, and flag the labels likelier wrong.

    Let ``f(x, k)`` be the negative anomaly score of row x under label k, by a model that has not
    learnt the row. Its true class is taken to follow ``p = softmax(T f)``, and the label seen is
    another one with a probability that depends on

    - nothing ("uniform"): a share c of the labels is replaced by any other label, so that the
      label y is seen with probability ``(1 - c) p_y + c / (K - 1) (1 - p_y)``;
    - the pair of true and seen label ("pair"): ``sum_k p_k N[k, y]``, as where people confuse what
      looks alike or one class is flipped to another one.

    Temperature T and noise are fitted together. Uniform noise is accepted where the 90 % profile
    likelihood interval of its share excludes 0. Noise of pairs is accepted where it explains the
    labels better than uniform noise by what a likelihood ratio test at level .001 asks for that
    chose its pairs, and .01 of log-likelihood a row, which classes that overlap do not reach. It
    needs five rows for each pair of labels; pairs in which it is less than 1 % of a class are left
    out, unless ``noise="pair"`` or `sharpening` ask for all. No noise is accepted where the scores
    explain the labels no better than the shares of the classes do (by less than .7 of
    log-likelihood). A row is flagged where its label is likelier wrong than right by Bayes' rule.

    Parameters
    ----------
    temperature : float, default=1.0
        Where the prior of the temperature is centred. 1 for log-probabilities.

    temperature_scale : float, default=0.1
        Scale of that prior, a Cauchy distribution of the logarithm of the temperature. With few
        rows, wrong labels and classes that overlap cannot be told apart without a prior.

    noise : {"auto", "uniform", "pair"}, default="auto"
        The models of noise to choose from.

    sharpening : float, default=1.0
        Factor on the temperature once noise of pairs is accepted. The probabilities of a large
        network that was trained on the noisy labels hold a part of the noise; about 3 undoes it.

    sure_share : float, default=0.0
        A share of wrong labels that is known for sure, say from a learner that extrapolates.
        Learners that do not have learnt the noise with the labels, and it looks like overlap. Where
        uniform noise falls short of `sure_share`, the share is therefore read off the labels of the
        surest rows, provided that no class of 300 rows or more denies `sure_share`.

    share : float, default=None
        Of wrong labels, at most 0.5, where it is known: noise is then uniform, and only the
        temperature is fitted. None: it is estimated.

    Attributes
    ----------
    noise_ : {"none", "uniform", "pair"}
        The model that the data chose.

    temperature_ : float
        Fitted temperature.

    transition_matrix_ : ndarray of shape (n_classes, n_classes)
        Probability of each label (column) given the true class (row).

    likelihood_ratio_ : float
        Statistic of the likelihood ratio test of uniform noise against none: about 2.7 where the
        interval begins to exclude 0.

    threshold_ : float
        0: anomaly scores are the log-odds of a wrong label.

    contamination_ : float
        Estimated share of wrong labels, or `share`; 0 where no noise was accepted.

    contamination_interval_ : tuple of float
        Its 90 % profile likelihood interval.

    See Also
    --------
    ConfidentLearningThreshold : Counts confident rows instead of maximising a likelihood.

    Notes
    -----
    Where no noise is accepted, none of the rows is flagged. Other rows, judged later, are flagged
    where they look worse than all of these and a share of 5 % wrong labels would make their label
    likelier wrong than right. Scores of a single column say nothing about labels: nothing is
    flagged.

    References
    ----------
    .. [1] G. Patrini et al., "Making Deep Neural Networks Robust to Label Noise: A Loss Correction
       Approach", CVPR 2017 (the noise model).
    .. [2] C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (temperature).

    Examples
    --------
    >>> import numpy as np
    >>> from skpoison.thresholds import LabelNoiseThreshold
    >>> rng = np.random.RandomState(0)
    >>> y = rng.randint(3, size=300)
    >>> scores = rng.normal(size=(300, 3)) - 4 * np.eye(3)[y]
    >>> LabelNoiseThreshold().fit(scores, y).contamination_
    0.0
    >>> y[:30] = (y[:30] + rng.randint(1, 3, size=30)) % 3
    >>> rule = LabelNoiseThreshold().fit(scores, y)
    >>> rule.noise_, round(rule.contamination_, 1)
    ('uniform', 0.1)
    """

    _parameter_constraints = {
        "noise": [StrOptions({"auto", "uniform", "pair"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "temperature_scale": [Interval(Real, 0, None, closed="neither")],
        "sharpening": [Interval(Real, 0, None, closed="neither")],
        "sure_share": [Interval(Real, 0, 1, closed="left")],
        "share": [Interval(Real, 0, MAX_SHARE, closed="right"), None],
    }

    def __init__(
        self,
        temperature: float = 1.0,
        temperature_scale: float = 0.1,
        *,
        noise: Literal["auto", "pair", "uniform"] = "auto",
        sharpening: float = 1.0,
        sure_share: float = 0.0,
        share: float | None = None,
    ):
        self.temperature = temperature
        self.temperature_scale = temperature_scale
        self.noise = noise
        self.sharpening = sharpening
        self.sure_share = sure_share
        self.share = share

    def _fit(self, scores, y):
        n_classes = scores.shape[1]
        self.noise_, self.temperature_ = "none", float(self.temperature)
        self.transition_matrix_ = np.eye(n_classes)
        self.threshold_, self.contamination_ = 0.0, 0.0
        self.contamination_interval_ = (0.0, 1.0)
        self._prior_log_odds, self._absorbed, self.likelihood_ratio_ = 0.0, 0.0, 0.0
        if n_classes == 1:
            self._largest = float(scores.max(initial=-np.inf))
            return
        y = scores.argmin(axis=1) if y is None else y
        logits = -(scores - scores.min(axis=1, keepdims=True))
        fit = fit_uniform_noise(
            logits[np.newaxis], y, [self.temperature], self.temperature_scale, self.share
        )
        self.temperature_ = float(fit.temperatures[0])

        shares, profile = likelihood_profile(
            logits, y, self.temperature, self.temperature_scale, fit
        )
        self.contamination_interval_ = profile_interval(shares, profile, LEVEL)
        likelihood = max(fit.likelihood, profile[0])
        self.likelihood_ratio_ = float(2 * (profile.max() - profile[0]))
        if self.share is not None:
            self.noise_, self.contamination_ = "uniform", float(self.share)
            self._set_uniform(self.contamination_)
        elif self._beats_chance(fit.likelihood, y):
            if self.contamination_interval_[0] > 0 and self.noise != "pair":
                self.noise_, self.contamination_ = "uniform", float(fit.share)
                self._set_uniform(fit.share)
            falls_short = self.contamination_interval_[1] < self.sure_share
            if self.noise != "uniform" and len(scores) >= ROWS_PER_PAIR * n_classes**2:
                self._try_pairs(logits, y, likelihood)
            if falls_short and self.noise_ != "pair":
                self._try_absorbed(logits, y, fit.share)
        else:
            self.contamination_interval_ = (0.0, 1.0)
        if self.noise_ == "none":
            ratio = self._likelihood_ratio(scores, y)
            self._prior_log_odds = -max(float(ratio.max()), -logit(NEW_ROWS_SHARE))

    def _beats_chance(self, likelihood, y):
        """Whether the scores say more of the labels than the shares of the classes do."""
        counts = np.bincount(y)
        chance = xlogy(counts, counts / len(y)).sum()
        return likelihood - chance > CHANCE_GAIN

    def _try_absorbed(self, logits, y, share):
        """Take the share from the surest rows; the scores hold what `share` leaves of it."""
        other = share / (logits.shape[1] - 1)
        probability = softmax(self.temperature_ * logits, axis=1)
        surest = least_contradicted((1 - share - other) * probability + other, y, LEVEL)
        if surest is None or surest.share <= share or surest.interval[1] < self.sure_share:
            return
        if surest.share >= 1 - 1 / logits.shape[1]:  # labels that say less than chance does
            return
        self.noise_, self.contamination_ = "uniform", float(surest.share)
        self.contamination_interval_ = surest.interval
        self._absorbed = float((surest.share - share) / (1 - share - other))
        self._set_uniform(surest.share)

    def _try_pairs(self, logits, y, likelihood):
        n_classes = logits.shape[1]
        prior = self.temperature, self.temperature_scale
        sparse = self.noise == "auto" and self.sharpening == 1
        fit = fit_pair_noise(logits, y, self.temperature_, prior, sparse)
        n_others = n_classes * (n_classes - 1)
        least = 0.5 * chi2.ppf(PAIR_LEVEL, max(fit.n_pairs, 1)) + PAIR_GAIN * len(y)
        least += np.log(comb(n_others, fit.n_pairs))  # that they were chosen among all
        if self.noise == "auto" and fit.likelihood - likelihood <= least:
            return
        if self.sharpening != 1:
            fit = fit_pair_noise(logits, y, fit.temperature * self.sharpening, None, sparse)
        self.noise_ = "pair"
        self.temperature_, self.transition_matrix_ = float(fit.temperature), fit.matrix
        self.contamination_ = float(fit.share)
        shares, profile = pair_profile(logits, y, fit)
        self.contamination_interval_ = profile_interval(shares, profile, LEVEL)

    def _set_uniform(self, share):
        n_classes = len(self.transition_matrix_)
        self._prior_log_odds = float(logit(share))
        self.transition_matrix_ = np.full((n_classes, n_classes), share / (n_classes - 1))
        np.fill_diagonal(self.transition_matrix_, 1 - share)

    def _likelihood_ratio(self, scores, y):
        """Log-likelihood ratio of a wrong to a right label, where noise is uniform."""
        right = self._log_true_probability(scores)
        if y is not None:
            right = right[np.arange(len(scores)), y]
        right = np.minimum(right, -1e-15)
        ratio = np.log(-np.expm1(right)) - right - np.log(scores.shape[1] - 1)
        return ratio if y is not None else ratio.min(axis=1)

    def _log_true_probability(self, scores):
        log_probability = log_softmax(-self.temperature_ * scores, axis=1)
        if self._absorbed == 0:
            return log_probability
        return np.log(without_noise(np.exp(log_probability), self._absorbed))

    def _reduce(self, scores, y):
        if scores.shape[1] == 1:  # no label can be wrong
            excess = scores[:, 0] - self._largest
            return excess / (1 + np.abs(excess)) - 1
        if self.noise_ != "pair":
            return self._likelihood_ratio(scores, y) + self._prior_log_odds
        right, wrong = pair_likelihoods(-scores, self.temperature_, self.transition_matrix_)
        log_odds = np.log(np.maximum(wrong, 1e-300)) - np.log(np.maximum(right, 1e-300))
        return log_odds.min(axis=1) if y is None else log_odds[np.arange(len(scores)), y]

    def _log_odds(self, anomaly):
        if self.noise_ != "none":
            return anomaly
        return np.where(anomaly > 0, anomaly, -np.inf)  # nothing was found among such rows

    def predict_label_proba(self, scores: ArrayLike, y: ArrayLike) -> FloatArray:
        """Probabilities of the true class, given the scores and the label seen.

        Parameters
        ----------
        scores : array-like of shape (n_samples, n_classes)
            Anomaly scores under each label.

        y : array-like of shape (n_samples,)
            Label codes.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        scores, y = self._check(scores, y)
        joint = np.exp(self._log_true_probability(scores))
        joint *= self.transition_matrix_[:, y].T
        return joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
