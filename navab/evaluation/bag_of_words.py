"""Bag of words: how far S can be told from RS by words alone, without a model and without the question.

RS is written by a machine. If a linear classifier over word counts recognises it, a model may do so as well, and its
correct rate says less about values than it seems to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from navab.evaluation.methods import TIE, Outcome, Result
from navab.evaluation.triples import Triple

NAME = "bag-of-words"
FOLDS = 5
_FEWEST_GROUPS = 10

_WORD = re.compile(r"[^\W\d_]+")


def bag_of_words(triples: Sequence[Triple], *, folds: int = FOLDS) -> list[Outcome]:
    """Pick the likelier statement of every triple of one nation by logistic regression on its words.

    Cross-validated over leakage groups: no triple is judged by a classifier that has seen one of its group. No outcomes
    if there are too few groups to learn from.
    """
    groups = np.array([triple.group_id for triple in triples], dtype=np.int64)
    if len(np.unique(groups)) < max(folds, _FEWEST_GROUPS):
        return []
    margins = _margins(triples, groups, folds)
    return [
        Outcome(triple.triple_id, "none", _result(margin), float(margin))
        for triple, margin in zip(triples, margins, strict=True)
    ]


def words(text: str) -> list[str]:
    """Casefolded words; of scripts without case, which often do not part words, single letters and pairs."""
    found = []
    for word in _WORD.findall(text.casefold()):
        if word.upper() != word.lower():
            found.append(word)
        else:
            found += [*word, *(word[at : at + 2] for at in range(len(word) - 1))]
    return found


def _margins(triples: Sequence[Triple], groups: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.float64]:
    """How much likelier (in log odds) S is a statement than RS is, by a classifier that has not seen them."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  (takes seconds to import)
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415

    statements = [triple.statement for triple in triples]
    reversals = [triple.reversed_statement for triple in triples]
    margins = np.zeros(len(triples))
    for seen, unseen in GroupKFold(folds).split(statements, groups=groups):
        vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
        texts = [side[at] for side in (statements, reversals) for at in seen]
        labels = np.repeat([1, 0], len(seen))
        classifier = LogisticRegression(C=10.0, max_iter=1000).fit(vectorizer.fit_transform(texts), labels)
        likelier, other = (
            classifier.decision_function(vectorizer.transform([side[at] for at in unseen]))
            for side in (statements, reversals)
        )
        margins[unseen] = likelier - other
    return margins


def _result(margin: float) -> Result:
    return "tie" if abs(margin) <= TIE else "S" if margin > 0 else "RS"
