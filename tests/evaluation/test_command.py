"""`navab evaluate`, run as it is run: against an endpoint with known answers, killed, resumed, for a later release."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pytest

from navab.cli import navab as command
from navab.errors import EngineError, NavabError
from navab.evaluation.table import FOLDER
from tests.evaluation.conftest import COUNT, write_release
from tests.evaluation.endpoint import Endpoint
from tests.lakes import kill, start_navab

KEY = ["run_id", "triple_id", "order"]


def navab(*arguments: object) -> None:
    """Run the command here."""
    command.main([str(argument) for argument in arguments], prog_name="navab", standalone_mode=False)


def stored(lake: Path) -> pl.DataFrame:
    return pl.read_delta(str(lake / "tables" / "evaluations"))


def test_all_methods_with_their_baselines(lake: Path, configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    navab("evaluate", "--config", configuration, "--by", "nation", "--by", "source_type")
    rows = stored(lake)
    assert rows.unique(KEY).height == rows.height
    own = rows.filter(pl.col("model") == "served")
    made = set(own.select("method", "protocol", "condition").unique().iter_rows())
    assert made == {
        ("mc", "debiased", "full"),
        ("mc", "debiased", "choices_only"),
        ("mc", "debiased", "rewritten"),
        ("mc", "paper", "full"),
        ("mc", "paper", "choices_only"),
        ("mc", "paper", "rewritten"),
        ("likelihood", "none", "full"),
        ("likelihood", "none", "question_less"),
        ("likelihood", "none", "rewritten"),
        ("aj", "debiased", "full"),
        ("aj", "debiased", "answer_hidden"),
        ("aj", "debiased", "rewritten"),
    }
    full = own.filter((pl.col("condition") == "full") & (pl.col("method") != "likelihood"))
    assert full["correct"].all()
    assert full.filter(pl.col("protocol") == "paper").height == COUNT
    assert full.filter((pl.col("protocol") == "debiased") & (pl.col("method") == "mc")).height == 2 * COUNT
    assert set(rows.filter(pl.col("method") == "aj", pl.col("condition") == "full")["answer"]) == {"Yes, it is so."}
    assert "bag-of-words" in rows["model"]
    printed = capsys.readouterr().out
    assert "100.0" in printed
    assert "negated are" in printed
    assert "canary" in printed
    assert "official" in printed


def test_nothing_is_asked_twice(lake: Path, configuration: Path, endpoint: Endpoint) -> None:
    navab("evaluate", "--config", configuration)
    first, asked = stored(lake), endpoint.requests
    navab("evaluate", "--config", configuration)
    assert endpoint.requests == asked
    assert stored(lake).sort(KEY).equals(first.sort(KEY))


def test_a_kill_loses_no_scored_triple(lake: Path, configuration: Path, endpoint: Endpoint) -> None:
    endpoint.pause_s = 0.05
    arguments = ("evaluate", "--config", configuration, "--method", "mc", "--set", "evaluation.baselines=false",
                 "--set", "evaluation.protocols=[debiased]", "--set", "evaluation.models=[{model: served, kind: http, "
                 f"url: '{endpoint.url}', concurrency: 1}}]")  # fmt: skip
    process = start_navab(*arguments)
    deadline = time.monotonic() + 60
    while len(list((lake / FOLDER).glob("*/*.parquet"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    kill(process)
    kept = pl.concat([pl.read_parquet(path) for path in (lake / FOLDER).glob("*/*.parquet")])
    assert 0 < kept["triple_id"].n_unique() < COUNT
    asked = endpoint.requests
    endpoint.pause_s = 0.0
    navab(*arguments)
    # One unit of five triples in two orders may have been on its way.
    assert endpoint.requests - asked == 2 * (COUNT - kept["triple_id"].n_unique())
    rows = stored(lake)
    assert rows.height == rows.unique(KEY).height == 2 * COUNT


def test_a_later_release_takes_over_what_it_shares(lake: Path, configuration: Path, endpoint: Endpoint) -> None:
    arguments = ("evaluate", "--config", configuration, "--method", "mc", "--set", "evaluation.baselines=false")
    navab(*arguments, "--set", "evaluation.protocols=[debiased]")
    asked = endpoint.requests
    write_release(lake, "second", range(10, COUNT + 20), day=2)
    navab(*arguments, "--set", "evaluation.protocols=[debiased]")
    assert endpoint.requests - asked == 2 * 20
    later = stored(lake).filter(pl.col("release") == "second").unique("triple_id")
    assert dict(later.group_by("part").len().iter_rows()) == {"core": COUNT, "rolling": 20}


def test_a_release_elsewhere_is_named_by_its_address(lake: Path, configuration: Path, tmp_path: Path) -> None:
    moved = write_release(tmp_path / "elsewhere", "third", range(100, 110))
    navab("evaluate", "--config", configuration, "--release", moved, "--method", "likelihood",
          "--set", "evaluation.baselines=false")  # fmt: skip
    assert stored(lake)["triple_id"].n_unique() == 10


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--release", "none"), 4, "its releases are first"),
        (("--method", "aj", "--set", "evaluation.judge="), 2, "evaluation.judge.model"),
        (("--set", "evaluation.split=train"), 2, "evaluation.split"),
        (("--set", "evaluation.models=[{model: x, kind: http}]"), 2, "`url`"),
        (("--set", "evaluation.models=[{modle: x}]"), 2, "modle"),
        (("--set", "evaluation.models=[]"), 2, "--model"),
    ],
)
def test_mistakes_are_one_line(configuration: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    with pytest.raises(NavabError) as caught:
        navab("evaluate", "--config", configuration, *arguments)
    assert caught.value.exit_code == code
    assert said in str(caught.value)


def test_a_release_of_another_engine_is_not_rewritten(
    lake: Path, configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("evaluate", "--config", configuration, "--method", "likelihood")
    navab(*arguments)
    assert "no S is rewritten" not in capsys.readouterr().out
    write_release(lake, "other", range(20), day=2, engine="http:big")
    navab(*arguments)
    assert "other: no S is rewritten, for another engine" in " ".join(capsys.readouterr().out.split())
    assert "rewritten" not in set(stored(lake).filter(pl.col("release") == "other")["condition"])


def test_an_endpoint_that_is_busy_is_asked_again(lake: Path, configuration: Path, endpoint: Endpoint) -> None:
    endpoint.busy = 3
    navab("evaluate", "--config", configuration, "--method", "mc", "--set", "evaluation.baselines=false",
          "--set", "evaluation.protocols=[debiased]")  # fmt: skip
    assert stored(lake)["correct"].all()


def test_an_endpoint_without_log_probabilities_of_prompts_says_so(configuration: Path, endpoint: Endpoint) -> None:
    endpoint.echoes = False
    with pytest.raises(EngineError, match="protocol debiased"):
        navab("evaluate", "--config", configuration, "--method", "likelihood")
