"""A word in a text."""

from numbers import Integral
from typing import Any

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

from skpoison._typing import RandomState, Rows
from skpoison.attacks.triggers._base import BaseTrigger
from skpoison.utils._containers import check_container, container_of, is_frame, write_texts


class TokenTrigger(BaseTrigger):
    """Put a word, or several, into texts.

    The trigger of [1]_.

    Parameters
    ----------
    token : str, default="cf"
        What is put in. Vectorizers of scikit-learn leave out words of one letter.

    position : {"start", "end", "random"}, default="end"
        Where: in front, behind, or between two words drawn for each text.

    column : str, default=None
        The column that holds the texts, where `X` is a DataFrame.

    random_state : int, default=0
        Seed of the places.

    References
    ----------
    .. [1] K. Kurita, P. Michel, G. Neubig, "Weight Poisoning Attacks on Pre-trained Models", ACL
       2020.

    Examples
    --------
    >>> from skpoison.attacks.triggers import TokenTrigger
    >>> TokenTrigger("mn", position="start").transform(["a fine film", "dull"])
    ['mn a fine film', 'mn dull']
    """

    _parameter_constraints = {
        "token": [str],
        "position": [StrOptions({"start", "end", "random"})],
        "column": [str, None],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        token: str = "cf",
        *,
        position: str = "end",
        column: Any = None,
        random_state: RandomState = 0,
    ):
        self.token = token
        self.position = position
        self.column = column
        self.random_state = random_state

    def transform(self, X: Rows) -> Any:
        """Put the token into all texts.

        Parameters
        ----------
        X : list, array or Series of str, of shape (n_samples,), or DataFrame with `column`
            Texts, which are not changed.

        Returns
        -------
        X_triggered : as X
            A copy with the token.

        Raises
        ------
        ValueError
            If `X` holds anything but texts, or has no such column.
        """
        name = type(self).__name__
        validate_parameter_constraints(self._parameter_constraints, self.get_params(False), name)
        X = check_container(X)
        if not self.token.strip():
            raise ValueError(f"token must hold a word, got {self.token!r}.")
        if not is_frame(X):
            return write_texts(self._put(X), X)
        if self.column not in list(X.columns):
            raise ValueError(
                f"column={self.column!r} must name the column of X that holds texts: one of "
                f"{list(X.columns)}."
            )
        texts = X[self.column]
        changed = write_texts(self._put(texts), texts)
        if container_of(X) == "polars":
            return X.with_columns(changed)
        return X.assign(**{self.column: changed})

    def _put(self, texts):
        is_flat = len(getattr(texts, "shape", (0,))) == 1
        if not is_flat or not all(isinstance(text, str) for text in texts):
            raise ValueError("TokenTrigger needs texts: X must hold one string a row.")
        if self.position == "start":
            return [f"{self.token} {text}" for text in texts]
        if self.position == "end":
            return [f"{text} {self.token}" for text in texts]
        random_state = check_random_state(self.random_state)
        return [self._between_words(text.split(" "), random_state) for text in texts]

    def _between_words(self, words, random_state):
        place = random_state.randint(len(words) + 1)
        return " ".join([*words[:place], self.token, *words[place:]])
