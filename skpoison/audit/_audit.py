"""`audit`: what is wrong with one's own data."""

import time
import warnings
from dataclasses import replace
from numbers import Integral

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.utils import _safe_indexing, check_random_state
from tqdm import tqdm

from skpoison import __version__
from skpoison.audit._checks import check_data, chosen_kinds
from skpoison.audit._context import Context
from skpoison.audit._naming import counted
from skpoison.audit._read import as_audit_data
from skpoison.detectors._blockwise import draw_sample
from skpoison.inspection import SuspicionDisplay

TIE_BREAK = 0.01  # on the scale of a probability


def audit(
    X,
    y=None,
    *,
    groups=None,
    split=None,
    pred_proba=None,
    features=None,
    task=None,
    only=None,
    max_rows=None,
    n_jobs=None,
    random_state=None,
    verbose=0,
):
    """Look for what is wrong with labelled data.

    Parameters
    ----------
    X : DataFrame, array-like, sparse matrix or sequence of str of shape (n_samples, ...)
        The rows: a table with numbers, categories, dates, texts and gaps; texts; images as an
        array of shape (n_samples, height, width) or (n_samples, height, width, channels), in
        [0, 1] or uint8; or features.

    y : array-like of shape (n_samples,) or (n_samples, n_tags), or str, default=None
        Labels; numbers of many different values, the targets of a regression; a matrix of 0 and
        1, the tags of a multi-label set, named by its columns where it is a DataFrame; the name of
        a column of `X`. None: what needs labels is not looked for.

    groups : array-like of shape (n_samples,), default=None
        Annotator, source or date of each row, to be compared with each other.

    split : array-like of shape (n_samples,), default=None
        Part of the data, such as "train" and "test", which duplicates should not cross.

    pred_proba : array-like of shape (n_samples, n_classes), default=None
        Out-of-sample class probabilities of a model of one's own, by which labels are judged.
        Columns of a DataFrame are matched to the classes by name; others are in sorted order.

    features : array-like of shape (n_samples, n_features), default=None
        Features of one's own, such as embeddings, used in place of `X` in all that is computed.

    task : {"classification", "regression"}, default=None
        What `y` holds. None: told from its values.

    only : str or sequence of str, default=None
        Names of the kinds of issue to look for. None: all that make sense for the data.

    max_rows : int, default=None
        Look at no more rows than these: a random sample, in which ten of each class come first.

    n_jobs : int, default=None
        Number of threads, as in joblib.

    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    audit : Audit
        What was found.

    Raises
    ------
    ValueError
        If shapes do not fit, labels are missing, all the same or mostly distinct, there is no such
        kind, or values are infinite.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skpoison.audit import audit
    >>> X, y = load_digits(return_X_y=True)
    >>> y[:90] = (y[:90] + 1) % 10
    >>> found = audit(X, y, only=["label", "duplicate"], random_state=0)
    >>> round(found.findings["label"].share, 2)
    0.05
    >>> bool((found.rows.index[found.rows["label_flagged"]] < 90).mean() > 0.95)
    True
    """
    data = as_audit_data(
        X,
        y,
        groups=groups,
        split=split,
        pred_proba=pred_proba,
        features=features,
        task=task,
    )
    return audit_data(
        data,
        only=only,
        max_rows=max_rows,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )


def audit_data(
    data, *, only=None, max_rows=None, n_jobs=None, random_state=None, verbose=0, progress=None
):
    """Look for what is wrong with data that were read from a source.

    Parameters
    ----------
    data : AuditData
        The data.

    only, max_rows, n_jobs, random_state, verbose
        As in :func:`audit`.

    progress : callable, default=None
        Called as ``progress(title, n_done, n_kinds)`` before each kind is looked for, and once
        more with "" at the end.

    Returns
    -------
    audit : Audit
        What was found.
    """
    started = time.perf_counter()
    data = check_data(data)
    if max_rows is not None and not (isinstance(max_rows, Integral) and max_rows >= 1):
        raise ValueError(f"max_rows={max_rows!r} must be None or a whole number from 1 up.")
    kinds = chosen_kinds(data, only)
    random_state = check_random_state(random_state)
    seed = int(random_state.randint(2**31 - 1))
    if max_rows is not None and max_rows < len(data.y):
        codes = np.unique(data.y, return_inverse=True)[1] if data.task == "classification" else None
        drawn = draw_sample(len(data.y), codes, max_rows, random_state)
        notes = [*data.notes, f"{max_rows:,} of {len(data.y):,} rows were drawn and looked at."]
        data = replace(rows_of(data, drawn), notes=notes)
    context = Context(data, seed=seed, n_jobs=n_jobs)
    findings = {}
    for kind in (bar := tqdm(kinds, desc="audit", disable=not verbose)):
        bar.set_postfix_str(kind.title)
        if progress is not None:
            progress(kind.title, len(findings), len(kinds))
        with warnings.catch_warnings():
            # the kind "small-class" says so
            warnings.filterwarnings("ignore", ".*classes have a single row", UserWarning)
            if kind.lacks(data):
                findings[kind.name] = kind.not_asked(context, f"there are no {kind.needs}")
            else:
                findings[kind.name] = kind.look(context)
    if progress is not None:
        progress("", len(kinds), len(kinds))
    parameters = {"only": [kind.name for kind in kinds], "max_rows": max_rows, "seed": seed}
    return Audit(data, findings, seconds=time.perf_counter() - started, parameters=parameters)


def rows_of(data, positions):
    """Some rows of the data, with all that is known about them."""
    taken = {
        name: None
        if getattr(data, name) is None
        else _safe_indexing(getattr(data, name), positions)
        for name in ("X", "y", "groups", "split", "pred_proba", "features", "paths", "table")
    }
    return replace(data, index=data.index[positions], **taken)


class Audit:
    """What is wrong with data, as :func:`audit` found it.

    Parameters
    ----------
    data : AuditData
        The rows that were looked at.

    findings : dict of str to Finding
        What each kind of issue found, in the order of the kinds.

    seconds : float, default=nan
        How long it took.

    parameters : dict, default=None
        What was asked for.

    Attributes
    ----------
    rows : DataFrame of shape (n_samples, n_columns)
        Every row under its name in the index of the data: `label`, `likelier_label`,
        `wrong_label_probability`, `anomaly_score`, `flagged`, `reasons`, and for each kind
        ``<kind>_flagged``. The anomaly score is the number of kinds that flag the row, plus the
        probability of a wrong label; the mean share of rows that its scores exceed decides ties.

    summary : dict
        The numbers and sentences, ready for JSON.

    issues : dict of str to DataFrame
        The flagged rows of each kind that flagged any, the most suspicious first.
    """

    def __init__(self, data, findings, *, seconds=np.nan, parameters=None):
        self.data, self.findings = data, findings
        self.seconds, self.parameters = seconds, parameters or {}
        self.rows = self._make_rows()
        self.summary = self._make_summary()

    def __repr__(self):
        return self.summary["sentence"]

    @property
    def issues(self):
        result = {}
        for name, finding in self.findings.items():
            if finding.flagged.any():
                positions = np.flatnonzero(finding.flagged)
                order = np.argsort(-np.nan_to_num(finding.score[positions]), kind="stable")
                table = self.rows.iloc[positions[order]]
                reasons = [finding.reasons.get(row, "") for row in positions[order].tolist()]
                result[name] = table.drop(columns="reasons").assign(
                    score=finding.score[positions[order]], reason=reasons
                )
        return result

    def plot(self, kind=None, **options):
        """Draw the scores of one kind, the cut, and the most suspicious images.

        Parameters
        ----------
        kind : str, default=None
            Its name. None: the first that has scores.

        **options
            As those of :meth:`~skpoison.inspection.SuspicionDisplay.plot`.

        Returns
        -------
        display : SuspicionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such kind, or it has no scores.
        """
        scored = [name for name, f in self.findings.items() if np.isfinite(f.score).any()]
        if kind is None and scored:
            kind = scored[0]
        if kind not in scored:
            raise ValueError(f"kind must be one of {scored}, which have scores, got {kind!r}.")
        finding = self.findings[kind]
        has_score = np.isfinite(finding.score)
        flagged = finding.flagged[has_score]
        score = finding.score[has_score]
        images = None
        if self.data.kind == "images":
            images = np.asarray(self.data.X)[has_score]
            images = images.reshape(*images.shape[:3], -1)
        display = SuspicionDisplay(
            score,
            score[~flagged].max(initial=score.min()),
            labels=[str(label) for label in self.rows["label"][has_score]],
            images=images,
            name=finding.title,
        )
        return display.plot(**options)

    def to_html(self, path):
        """Write the report, one file that needs no network.

        Parameters
        ----------
        path : str or Path
            Where to.
        """
        from skpoison.audit._report import to_html

        to_html(self, path)

    def _repr_html_(self):
        from skpoison.audit._report import summary_html

        return summary_html(self)

    def write(self, folder):
        """Write the report, the rows, those to keep and the summary into a new folder.

        Parameters
        ----------
        folder : str or Path
            Where to; must not exist.
        """
        from skpoison.audit._writers import write

        write(self, folder)

    def _make_rows(self):
        data = self.data
        judged = next((f for f in self.findings.values() if f.likelier_label is not None), None)
        labels = _one_column(data.y, data.tag_names)
        rows = pd.DataFrame(index=data.index)
        rows["label"] = labels
        rows["likelier_label"] = labels
        if judged is not None:
            rows["likelier_label"] = _one_column(judged.likelier_label, data.tag_names)
        rows["wrong_label_probability"] = np.nan if judged is None else judged.probability
        flagged = np.zeros((len(rows), len(self.findings)), dtype=bool)
        for column, finding in enumerate(self.findings.values()):
            flagged[:, column] = finding.flagged
        rows["anomaly_score"] = flagged.sum(axis=1) + TIE_BREAK * self._mean_rank()
        rows["anomaly_score"] += rows["wrong_label_probability"].fillna(0)
        rows["flagged"] = flagged.any(axis=1)
        reasons = [[] for _ in range(len(rows))]
        for finding in self.findings.values():
            for row, reason in finding.reasons.items():
                reasons[row].append(reason)
        rows["reasons"] = ["; ".join(texts) for texts in reasons]
        for column, name in enumerate(self.findings):
            rows[f"{name}_flagged"] = flagged[:, column]
        return rows

    def _mean_rank(self):
        """Mean share of rows that a row's scores exceed, below 1."""
        ranks = [
            (rankdata(np.nan_to_num(f.score, nan=-np.inf)) - 1) / len(f.score)
            for f in self.findings.values()
            if np.isfinite(f.score).any()
        ]
        return np.mean(ranks, axis=0) if ranks else 0.0

    def _make_summary(self):
        data = self.data
        summary = {
            "sentence": self._sentence(),
            "n_rows": len(data.y),
            "kind": data.kind,
            "task": data.task,
            "label": data.label_name,
            "flagged": int(self.rows["flagged"].sum()),
            "findings": {name: _line(finding) for name, finding in self.findings.items()},
            "notes": list(data.notes),
            "seconds": round(self.seconds, 2),
            "version": __version__,
            "parameters": self.parameters,
        }
        if data.task == "classification":
            labels, counts = np.unique(data.y, return_counts=True)
            summary["classes"] = dict(zip(map(str, labels.tolist()), counts.tolist(), strict=True))
        return summary

    def _sentence(self):
        """What was found, and what to do: the first thing that a reader sees."""
        found = [finding for finding in self.findings.values() if finding.found]
        if not found:
            n_asked = sum(finding.asked for finding in self.findings.values())
            return (
                f"Nothing wrong was found in {counted(len(self.data.y), 'row')}, "
                f"by {counted(n_asked, 'kind')} of check."
            )
        n_flagged = int(self.rows["flagged"].sum())
        rows = f" In all, {n_flagged:,} of {len(self.data.y):,} rows are flagged."
        titles = ", ".join(finding.title[0].lower() + finding.title[1:] for finding in found[1:])
        sentence = found[0].sentence
        if titles:
            sentence += f" Also found: {titles}.{rows}"
        return f"{sentence} {found[0].advice}".strip()


def _one_column(y, tag_names):
    """Labels, of a multi-label matrix the names of the tags that are on."""
    if np.ndim(y) == 1:
        return y
    return [", ".join(tag_names[tag] for tag in np.flatnonzero(tags)) for tags in np.asarray(y)]


def _line(finding):
    return {
        "title": finding.title,
        "asked": bool(finding.asked),
        "found": bool(finding.found),
        "sentence": finding.sentence,
        "advice": finding.advice,
        "share": _number(finding.share),
        "interval": [_number(end) for end in finding.interval],
        "p_value": _number(finding.p_value),
        "n_flagged": int(finding.flagged.sum()),
    }


def _number(value):
    """A number that JSON knows: None for NaN."""
    return float(value) if np.isfinite(value) else None
