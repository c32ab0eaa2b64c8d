from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chains.evaluation_set import BadEvalSet, read_set

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "corpus.jsonl": '{"_id": "1", "title": "T", "text": "one"}\n\n{"_id": "2", "text": "two"}\n',
    "questions.jsonl": '{"question": "bare", "question_ctx": "with context", "relevant": ["1"]}\n',
    "unanswerable.jsonl": '{"question": "none"}\n',
}


def write(folder: Path, **changed: str) -> Path:
    for name, content in {**GOOD, **{f"{key}.jsonl": each for key, each in changed.items()}}.items():
        (folder / name).write_text(content)
    return folder


def test_the_question_with_its_context_is_asked_where_there_is_one(tmp_path: Path) -> None:
    found = read_set(write(tmp_path))
    assert [each.id for each in found.corpus] == ["1", "2"]
    assert [(each.question, each.relevant) for each in found.questions] == [("with context", frozenset("1"))]
    assert found.unanswerable == ["none"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("corpus", "", "no lines"),
        ("corpus", '{"_id": "1", "text": "one"}\nnonsense', "line 2: it is not JSON"),
        ("corpus", "[]", "line 1: it is no JSON object"),
        ("corpus", '{"text": "one"}', "line 1: has no text in '_id'"),
        ("corpus", '{"_id": "1", "text": 7}', "line 1: has no text in 'text'"),
        ("corpus", '{"_id": "1", "text": "a"}\n{"_id": "1", "text": "b"}', "two passages have the _id '1'"),
        ("questions", '{"relevant": ["1"]}', "'question_ctx' or 'question'"),
        ("questions", '{"question": "q"}', "'relevant' is no list"),
        ("questions", '{"question": "q", "relevant": ["9"]}', "'relevant' names '9'"),
        ("unanswerable", '\n{"question": " "}', "line 2: has no text"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    with pytest.raises(BadEvalSet) as bad:
        read_set(write(tmp_path, **{name: content}))
    assert said in str(bad.value)
    assert f"{name}.jsonl" in str(bad.value)
    assert "\n" not in str(bad.value)


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "questions.jsonl").unlink()
    with pytest.raises(BadEvalSet, match=r"questions\.jsonl: No such file"):
        read_set(tmp_path)
    with pytest.raises(BadEvalSet, match="absent is no folder"):
        read_set(tmp_path / "absent")
