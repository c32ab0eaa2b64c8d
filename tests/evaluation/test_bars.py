"""How well the built-in chain must find, quote and decline on the set that STEADYCHAT_EVAL_DIR names."""

import os
from pathlib import Path

import pytest

from chains.evaluation import EvalResult, evaluate

KEPT = Path(__file__).parents[2] / ".make" / "evaluation"  # embedding 10,000 passages takes minutes


@pytest.fixture(scope="module")
def result() -> EvalResult:
    return evaluate(Path(os.environ["STEADYCHAT_EVAL_DIR"]), cache_dir=KEPT)


def test_the_right_passages_are_found(result: EvalResult) -> None:
    assert result.ndcg10 >= 0.70
    assert result.hit5 >= 0.82


def test_every_sentence_of_an_answer_stands_in_the_passage_that_it_cites(result: EvalResult) -> None:
    assert result.questions > 0
    assert result.unfaithful == 0


def test_what_the_documents_do_not_answer_is_declined(result: EvalResult) -> None:
    assert result.declined >= 0.8 * result.unanswerable


def test_what_they_answer_is_not_declined(result: EvalResult) -> None:
    assert result.wrongly_declined <= 0.05 * result.questions
