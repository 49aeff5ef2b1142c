"""How good detectors and backdoors are: metrics, and scorers for cross-validation."""

from skpoison.metrics._attacks import attack_success_rate, make_attack_success_scorer
from skpoison.metrics._detection import (
    clean_removed_rate,
    false_negative_rate,
    poison_average_precision,
    poison_f1,
    poison_precision,
    poison_recall,
    poison_report,
    poison_roc_auc,
    recovered_accuracy,
)
from skpoison.metrics._scorers import make_poison_scorer, make_recovery_scorer

__all__ = [
    "attack_success_rate",
    "clean_removed_rate",
    "false_negative_rate",
    "make_attack_success_scorer",
    "make_poison_scorer",
    "make_recovery_scorer",
    "poison_average_precision",
    "poison_f1",
    "poison_precision",
    "poison_recall",
    "poison_report",
    "poison_roc_auc",
    "recovered_accuracy",
]
