"""Keywords: the words that set a topic apart, in four languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navab.topics.keywords import keywords, tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Government's new Budget, 2024!", ["government", "budget"]),
        ("Die Bundesregierung muß handeln", ["bundesregierung", "muss", "handeln"]),
        ("L'Assemblée débat du mariage", ["assemblée", "débat", "mariage"]),
        ("国务院部署稳就业", ["国务院", "部署", "就业"]),
        ("Ein Treffen mit 习近平 in Berlin", ["treffen", "berlin", "习近平"]),
        ("国务院：WTO、NATO与就业", ["nato", "国务院", "就业"]),
        ("1234 5678 ab", []),
        ("", []),
    ],
)
def test_tokenize(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


def test_what_sets_a_topic_apart_comes_first() -> None:
    found = keywords(
        [
            ["election parliament said", "election vote said", "election parliament"],
            ["football match said", "football goal said", "football league match"],
        ]
    )
    assert [words[0] for words in found] == ["election", "football"]
    assert not {"football", "match"} & set(found[0])


def test_of_two_topics_each_keeps_the_words_that_all_of_its_texts_have() -> None:
    subjects = (["election", "parliament"], ["football", "striker"])
    topics = [[" ".join([*words, f"detail{letter}"]) for letter in "abcdefgh"] for words in subjects]
    assert [set(found[:2]) for found in keywords(topics)] == [set(words) for words in subjects]


def test_words_that_are_everywhere_are_no_keywords() -> None:
    topics = [[f"everywhere special{topic}" for _ in range(5)] for topic in ("a", "b", "c", "d", "e", "f")]
    assert keywords(topics) == [[f"special{topic}"] for topic in ("a", "b", "c", "d", "e", "f")]


def test_a_topic_whose_words_are_all_common_keeps_them() -> None:
    assert keywords([["common words"] * 10]) == [["common", "words"]]


def test_ties_are_in_the_order_of_the_alphabet() -> None:
    assert keywords([["zebra apple mango"], ["other things"]], count=3)[0] == ["apple", "mango", "zebra"]


@given(st.lists(st.lists(st.text(max_size=30), max_size=4), max_size=4), st.integers(1, 8))
def test_every_topic_gets_words_of_its_own_texts(topics: list[list[str]], count: int) -> None:
    found = keywords(topics, count=count)
    assert len(found) == len(topics)
    for words, texts in zip(found, topics, strict=True):
        assert len(words) <= count
        assert set(words) <= {word for text in texts for word in tokenize(text)}


def test_stop_words_of_the_nations_languages_are_no_keywords() -> None:
    texts = [["which election", "which parliament"], ["football match", "football goal"]]
    assert "which" in keywords(texts)[0]
    assert "which" not in keywords(texts, languages=["en"])[0]
    assert keywords(texts, languages=["tlh"]) == keywords(texts)
