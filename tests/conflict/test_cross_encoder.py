"""The cross-encoder judge on a tiny model made here: random weights, real loading, labels and scores.

Needs the extra sentence-transformers; without it only the messages are tested. The verdicts of such a model mean
nothing: what is tested is that labels are read by name, that both directions count and that nothing is left out.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from navab.conflict.cross_encoder import CrossEncoderJudge, check_cross_encoder
from navab.conflict.judgement import Pair
from navab.errors import EngineError

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="the extra sentence-transformers is not installed"
)
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ferries", "should", "not", "be", "free", "harbours", "."]
PAIRS = [
    Pair("Ferries should be free.", "Ferries should not be free.", "en", "en", "uk"),
    Pair("Harbours should be free.", "Ferries should be free.", "en", "en", "uk"),
    Pair("Ferries should be free.", "Ferries should be free.", "en", "en", "uk"),
]


def make_model(folder: Path, labels: tuple[str, ...]) -> str:
    """Save a BERT of two small layers with random weights and a vocabulary of a dozen words."""
    import torch  # noqa: PLC0415  (the extra's)
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast  # noqa: PLC0415

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.5)
    model.save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)


@needs_extra
def test_each_pair_gets_a_verdict_that_does_not_depend_on_its_order_or_company(tmp_path: Path) -> None:
    judge = CrossEncoderJudge(make_model(tmp_path / "model", ("contradiction", "entailment", "neutral")))
    turned = [Pair(one.right, one.left, "en", "en", "uk") for one in PAIRS]
    found = judge.judge(PAIRS)
    assert len(found) == len(PAIRS)
    assert all(one.decided and 0 <= one.confidence <= 1 for one in found)
    for one, other in zip(found, judge.judge(turned), strict=True):
        assert one.verdict == other.verdict
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    (alone,) = judge.judge(PAIRS[:1])
    assert alone.confidence == pytest.approx(found[0].confidence, abs=1e-5)
    assert judge.judge([]) == []


@needs_extra
def test_labels_count_by_name_and_not_by_place(tmp_path: Path) -> None:
    one = CrossEncoderJudge(make_model(tmp_path / "one", ("contradiction", "entailment", "neutral"))).judge(PAIRS)
    other = CrossEncoderJudge(make_model(tmp_path / "two", ("ENTAILMENT", "neutral", "contradiction"))).judge(PAIRS)
    # The same weights under other names: what was contradiction is entailment now.
    assert [found.reason for found in one] != [found.reason for found in other]


@needs_extra
def test_a_model_with_other_labels_is_refused(tmp_path: Path) -> None:
    judge = CrossEncoderJudge(make_model(tmp_path / "model", ("yes", "no", "maybe")))
    with pytest.raises(EngineError, match="has the labels maybe, no, yes"):
        judge.judge(PAIRS)


@needs_extra
def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be loaded"):
        CrossEncoderJudge(str(tmp_path / "nothing")).judge(PAIRS)


@needs_extra
def test_a_cross_encoder_needs_a_name() -> None:
    with pytest.raises(EngineError, match=r"needs conflicts\.model"):
        check_cross_encoder(None)


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_a_missing_extra_is_named_with_its_command() -> None:
    with pytest.raises(EngineError, match=r"pip install 'navab\[sentence-transformers\]'"):
        check_cross_encoder("some/model")
