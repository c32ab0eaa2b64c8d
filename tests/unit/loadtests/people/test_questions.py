import random
import statistics

from chains.script import read_script
from loadtests.people.questions import LONGEST, RATES, SHORTEST, question


def test_a_question_is_a_script_and_says_a_word_of_its_own() -> None:
    asked = [question(random.Random(1)) for _ in range(3)]
    assert len(set(asked)) == 3
    assert len({read_script(each) for each in asked}) == 1, "the seed decides all but the word"


def test_lengths_are_as_different_as_those_of_answers() -> None:
    dice = random.Random(1)
    scripts = [read_script(question(dice)) for _ in range(500)]
    lengths = [script.tokens for script in scripts]
    assert min(lengths) >= SHORTEST
    assert max(lengths) <= LONGEST
    assert 50 <= statistics.median(lengths) <= 70
    assert {script.rate for script in scripts} == set(RATES)


def test_haste_is_in_the_pace_and_not_in_the_length() -> None:
    slow, fast = (read_script(question(random.Random(1), tokens=100, haste=haste)) for haste in (1.0, 10.0))
    assert (slow.tokens, fast.tokens, fast.rate) == (100, 100, 10 * slow.rate)
