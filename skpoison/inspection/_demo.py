"""The demonstration: every attack, every detector, one table and one picture."""

import pandas as pd
from matplotlib.figure import Figure
from rich.table import Table
from sklearn.svm import SVC

from skpoison.inspection._comparison import compare_on_run
from skpoison.inspection._suspicion import SuspicionDisplay

PICTURED_DETECTOR = "ensemble"
N_TRAIN, N_OTHERS = 100, 200


def run_demo(images, *, attacks, detectors, rate, n_runs, random_state, on_fit):
    """Compare attacks and detectors over some draws of rows.

    Parameters
    ----------
    images : Bunch
        What :func:`skpoison.datasets.load_images` returns.

    attacks, detectors : list of str
        Short names.

    rate : float
        Poison rows as a share of the 100 training rows.

    n_runs : int
        How many draws; the first has the seed `random_state`, the next that plus one.

    random_state : int
        The seed.

    on_fit : callable
        Called without arguments after each fit of a detector.

    Returns
    -------
    table : DataFrame
        The columns of :func:`compare_on_run`, means over the draws.

    figure : matplotlib Figure
        A line for each attack: what the ensemble, or else the first detector, makes of the first
        draw.
    """
    pictured = PICTURED_DETECTOR if PICTURED_DETECTOR in detectors else detectors[0]
    figure = Figure(figsize=(12, 3 * len(attacks)), layout="constrained")
    free_axes = list(figure.subplots(len(attacks), squeeze=False).ravel())

    def draw_and_count(row, detector, X, y, poison_mask):
        if row["detector"] == pictured and free_axes:
            display = SuspicionDisplay.from_estimator(
                detector,
                X,
                y,
                poison_mask=poison_mask,
                image_shape=images.image_shape,
                display_labels=images.target_names[detector.classes_],
                name=f"{row['attack']}, seen by {pictured}",
                ax=free_axes.pop(0),
            )
            display.ax_.set_xlabel(f"anomaly score (ROC-AUC {row['roc_auc']:.2f})")
        on_fit()

    # digits has some 360 rows of two classes, too few for 200 + 200 beside the training rows
    n_others = min(N_OTHERS, (len(images.data) - N_TRAIN) // 2)
    runs = [
        compare_on_run(
            images.data,
            images.target,
            images.image_shape,
            attacks=attacks,
            detectors=detectors,
            rates=(rate,),
            victim=_victim(images.image_shape),
            random_state=random_state + run,
            n_train=N_TRAIN,
            n_val=n_others,
            n_test=n_others,
            on_fit=draw_and_count,
        )
        for run in range(n_runs)
    ]
    keys = ["attack", "rate", "detector"]
    table = pd.concat(runs).groupby(keys, sort=False).mean().reset_index()
    return table, figure


def _victim(image_shape):
    """Return the paper's SVM: linear for grey images, RBF (gamma = 1 / n_features) for colour."""
    is_grey = image_shape[-1] == 1
    return SVC(kernel="linear", C=1.0) if is_grey else SVC(kernel="rbf", C=1.0, gamma="auto")


def as_rich_table(table, title):
    """Lay a comparison out for the terminal.

    Parameters
    ----------
    table : DataFrame
        What :func:`run_demo` returns.

    title : str
        The heading.

    Returns
    -------
    rich_table : rich.table.Table
        A block for each attack, a line for each detector, the best of a block in bold.
    """
    rich_table = Table(title=title, caption="bold: the best detector against the attack")
    for name in ("attack", "clean", "poisoned", "detector", *_SCORES.values()):
        rich_table.add_column(name, justify="left" if name in ("attack", "detector") else "right")
    for attack, block in table.groupby("attack", sort=False):
        heading = [attack, f"{block['clean'].iloc[0]:.3f}", f"{block['poisoned'].iloc[0]:.3f}"]
        best = block[list(_SCORES)].round(3).max()
        for place, (_, row) in enumerate(block.iterrows()):
            scores = [_cell(row[name], best[name]) for name in _SCORES]
            start = heading if place == 0 else [""] * 3
            is_last = place == len(block) - 1
            rich_table.add_row(*start, row["detector"], *scores, end_section=is_last)
    return rich_table


_SCORES = {"defended": "defended", "f1": "F1", "roc_auc": "ROC-AUC"}


def _cell(value, best):
    return f"[bold]{value:.3f}[/]" if round(value, 3) == best else f"{value:.3f}"
