"""The demonstration's report: images with flipped labels, audited."""

import numpy as np
from sklearn.utils import check_random_state

from skpoison.attacks import LabelFlipAttack
from skpoison.audit._audit import audit_data
from skpoison.audit._data import AuditData

N_ROWS = 400


def audit_flipped_images(images, rate, random_state):
    """Flip labels of some images and audit them.

    Parameters
    ----------
    images : Bunch
        What :func:`skpoison.datasets.load_images` returns.

    rate : float
        Share of the rows whose label is flipped.

    random_state : int
        Seed of the rows, the flips and the audit.

    Returns
    -------
    audit : Audit
    """
    random_state = check_random_state(random_state)
    rows = random_state.permutation(len(images.data))[:N_ROWS]
    attack = LabelFlipAttack(rate=rate, injection="replace", random_state=random_state)
    X, y = attack.fit_resample(images.data[rows], images.target[rows])
    order = random_state.permutation(len(X))
    X, y = X[order], y[order]
    height, width, n_channels = images.image_shape
    shape = (height, width) if n_channels == 1 else images.image_shape
    data = AuditData(
        X.reshape(-1, *shape),
        np.asarray(images.target_names)[y],
        kind="images",
        notes=[f"{attack.poison_mask_.sum()} of {len(X)} images carry a wrong label."],
    )
    return audit_data(data, random_state=random_state)
