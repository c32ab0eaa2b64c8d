import json

import pytest

from loadtests.proxy.plan import Cut, Plan, Unfit, read_plan


def test_a_plan_comes_out_of_json_as_it_went_in() -> None:
    plan = Plan(cuts=(Cut("up", 3, "rst", "now", 9), Cut("down", 0)), delay_ms=1.5, dribble=2, freeze="up")
    assert read_plan(json.loads(json.dumps(plan.json()))) == plan


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "not an object"),
        ({"speed": 1}, "speed is not known"),
        ({"rate": "fast"}, "rate must be a number from 0"),
        ({"rate": -1}, "rate must be a number from 0"),
        ({"dribble": 1.5}, "dribble must be a whole number"),
        ({"dribble": True}, "dribble must be a whole number"),
        ({"swallow": "all"}, "swallow must be one of none, up, down, both"),
        ({"cuts": {}}, "cuts must be a list"),
        ({"cuts": [{"at": 3}]}, "a cut needs a direction and a byte"),
        ({"cuts": [{"direction": "up", "at": 1, "how": "bang"}]}, "how must be one of fin, rst, silence"),
    ],
)
def test_a_plan_that_cannot_be_followed_says_why(given: object, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        read_plan(given)
