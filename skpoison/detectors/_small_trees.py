"""Fitted forests in a small form: what predictions need and no more."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.tree import ExtraTreeClassifier
from sklearn.tree._tree import NODE_DTYPE, Tree

LEAF = -1


def pack_forest(forest):
    """Take out of a fitted forest what its predictions depend on, a tenth of its size.

    Parameters
    ----------
    forest : ExtraTreesClassifier
        Fitted to labels 0, 1, ... or some of them.

    Returns
    -------
    packed : dict of str to ndarray
        The trees' nodes one after the other, each tree from its root, the left branch first.
    """
    trees = [estimator.tree_ for estimator in forest.estimators_]
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    value = np.concatenate([tree.value[:, 0] for tree in trees])
    is_leaf = np.concatenate([tree.children_left for tree in trees]) < 0
    return {
        "classes": forest.classes_,
        "n_features": np.array(forest.n_features_in_),
        "n_nodes": np.array([tree.node_count for tree in trees]),
        "feature": np.where(is_leaf, LEAF, feature).astype(np.int32),
        "threshold": _rounded_down(threshold[~is_leaf]),
        "value": value[is_leaf],
    }


def _rounded_down(threshold):
    """The largest single-precision numbers not above: rows are compared in that precision."""
    single = threshold.astype(np.float32)
    return np.where(single > threshold, np.nextafter(single, np.float32(-np.inf)), single)


def unpack_forest(packed):
    """Make the forest that :func:`pack_forest` was given; it predicts the same.

    Parameters
    ----------
    packed : dict of str to ndarray
        What :func:`pack_forest` has returned.

    Returns
    -------
    forest : ExtraTreesClassifier

    Raises
    ------
    ValueError
        If the nodes are those of no forest.
    """
    classes, n_features = packed["classes"], int(packed["n_features"])
    n_nodes, feature = packed["n_nodes"], packed["feature"]
    is_leaf = feature == LEAF
    right = np.concatenate([_right_branches(part) for part in np.split(is_leaf, n_nodes.cumsum())])
    fits = (
        len(n_nodes) > 0
        and n_nodes.min() > 0
        and n_nodes.sum() == len(feature)
        and len(packed["threshold"]) == np.count_nonzero(~is_leaf)
        and packed["value"].shape == (np.count_nonzero(is_leaf), len(classes))
        and ((feature >= LEAF) & (feature < n_features)).all()
    )
    if not fits:
        raise ValueError("the nodes of its trees do not fit together")
    nodes = np.zeros(len(feature), dtype=NODE_DTYPE)
    nodes["feature"], nodes["right_child"] = feature, right
    nodes["left_child"] = np.concatenate([np.arange(1, n + 1) for n in n_nodes])
    nodes["threshold"][~is_leaf] = packed["threshold"]
    nodes["left_child"][is_leaf] = nodes["right_child"][is_leaf] = -1
    value = np.zeros((len(feature), 1, len(classes)))
    value[is_leaf, 0] = packed["value"]
    places = n_nodes.cumsum()[:-1]
    forest = ExtraTreesClassifier(len(n_nodes))
    forest.estimators_ = [
        _tree(n_features, len(classes), *parts)
        for parts in zip(np.split(nodes, places), np.split(value, places), strict=True)
    ]
    forest.classes_, forest.n_classes_ = classes, len(classes)
    forest.n_outputs_, forest.n_features_in_ = 1, n_features
    return forest


def _right_branches(is_leaf):
    """The right child of each node, of leaves anything.

    A branch ends where it has one leaf more than inner nodes.
    """
    n_nodes = len(is_leaf)
    if n_nodes == 0:
        return np.empty(0, dtype=np.int64)
    excess = np.where(is_leaf, -1, 1).cumsum()
    if excess[-1] != -1 or (excess[:-1] < 0).any():
        raise ValueError("the nodes of its trees do not fit together")
    by_excess = (excess - excess.min()) * n_nodes + np.arange(n_nodes)
    order = np.argsort(by_excess)
    after = np.searchsorted(by_excess[order], by_excess - n_nodes)
    return order[np.minimum(after, n_nodes - 1)] + 1


def _tree(n_features, n_classes, nodes, value):
    tree = ExtraTreeClassifier()
    tree.tree_ = Tree(n_features, np.array([n_classes], dtype=np.intp), 1)
    tree.tree_.__setstate__(
        {"max_depth": len(nodes), "node_count": len(nodes), "nodes": nodes, "values": value}
    )
    tree.n_features_in_, tree.n_outputs_ = n_features, 1
    tree.classes_, tree.n_classes_ = np.arange(n_classes), n_classes
    return tree
