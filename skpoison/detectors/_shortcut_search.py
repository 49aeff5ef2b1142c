"""The search for a patch that was put on images of one label, whatever else they show.

What belongs to the picture can be told from the rest of it: a stroke goes on beside the patch, a
sleeve has its twin. The patch of a clean-label backdoor, or a stamp, was put on rows as they came.
"""

import numpy as np
from scipy.stats import hypergeom
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import SVC

LEVEL = 0.01
# These are tried by benchmarks/calibrate_shortcuts.py.
FEWEST_ROWS = 20
MOST_TOLD = 0.65  # upper end of the AUC of a model that tells by the rest which images have it
DEVIATIONS = 2.0  # from the AUC to its upper end
SEEN = 0.1  # of the largest pixel: others of the label differ by less, and it is noise
N_COMPONENTS, N_FOLDS = 30, 5
MOST_ASKED = 40  # candidates for which a model is fitted
ROWS_OF_MODEL = 1500


def search_shortcuts(context, candidates):
    """Search for patches on images of one label that nothing else in the images tells.

    Parameters
    ----------
    context : object
        As for ``search_triggers``.

    candidates : list of Candidate
        Patches that go with one label, whose codes are set.

    Returns
    -------
    found : list of (Candidate, float, float)
        Patches, the AUC of a model that tells by the rest of the images of their label which of
        them have it, and the p-value of their going with the label by chance.
    """
    if context.data.kind != "images":  # honest words and values of columns can be like that
        return []
    images = np.asarray(context.data.X)
    least_seen = SEEN * float(images.max())
    sizes, asked = np.bincount(context.codes), []
    for candidate in candidates:
        own = candidate.rows[context.codes[candidate.rows] == candidate.code]
        of_label = sizes[candidate.code]
        by_chance = hypergeom.sf(len(own) - 1, context.n_rows, of_label, len(candidate.rows))
        p_value = float(by_chance * len(candidates))
        if min(len(own), of_label - len(own)) < FEWEST_ROWS or p_value >= LEVEL:
            continue
        others = context.codes == candidate.code
        others[own] = False
        there = candidate.sign.of(images)
        difference = np.abs(there[others].astype(np.float64) - there[own[0]]).reshape(
            of_label - len(own), -1
        )
        if np.median(difference.mean(axis=1)) > least_seen:
            asked.append((_apart(context.components, own, others), candidate, p_value))
    found = []
    for _, candidate, p_value in sorted(asked, key=lambda one: one[0])[:MOST_ASKED]:
        told, upper = told_by_the_rest(context, candidate)
        if upper < MOST_TOLD:
            found.append((candidate, told, p_value))
    return found


def told_by_the_rest(context, candidate):
    """AUC of a model that tells by the rest of the label's images which have the patch.

    Returns
    -------
    auc, upper : float
        Out of sample; the second is `DEVIATIONS` of its standard errors above the first.
    """
    own = np.flatnonzero(context.codes == candidate.code)
    own = context.random_state().permutation(own)
    has_it = np.isin(own, candidate.rows)
    n_with = min(has_it.sum(), ROWS_OF_MODEL // 2)
    with_it, without = own[has_it][:n_with], own[~has_it][: ROWS_OF_MODEL - n_with]
    own, has_it = np.append(with_it, without), np.arange(n_with + len(without)) < n_with
    rows = context.encode(candidate.without(own), own)
    n_components = min(N_COMPONENTS, *rows.shape)
    rows = PCA(n_components, random_state=context.seed).fit_transform(rows)
    scale = rows[:, 0].std()
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=context.seed)
    decision = cross_val_predict(
        SVC(class_weight="balanced"),
        rows / scale if scale > 0 else rows,
        has_it,
        cv=folds,
        method="decision_function",
    )
    auc = roc_auc_score(has_it, decision)
    n_rows = len(own)
    deviation = np.sqrt((n_rows + 1) / (12 * n_with * (n_rows - n_with)))  # of ranks by chance
    return float(auc), float(auc + DEVIATIONS * deviation)


def _apart(components, own, others):
    """How far the means of images with the patch and others of the label lie apart: a first look.

    Median over the components, one or two of which are the patch itself, of squared differences in
    standard errors.
    """
    own, others = components[own], components[others]
    spread = np.append(own, others, axis=0).var(axis=0) + 1e-12
    errors = np.sqrt(spread * (1 / len(own) + 1 / len(others)))
    return float(np.median(np.square((own.mean(axis=0) - others.mean(axis=0)) / errors)))
