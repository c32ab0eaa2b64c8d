"""The scenarios by name: the weather, and what the server may do in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadtests.run import weather
from loadtests.run.weather import Weather


@dataclass(frozen=True)
class Scenario:
    """`may_die`: answers may end as `interrupted`. `settings` are the server's, beside the usual ones."""

    name: str
    words: str
    weather: Weather
    may_die: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("steady", "A network that holds.", weather.steady),
        Scenario(
            "commuter",
            "Every connection is cut after 3 to 9 seconds: in order, by a reset, or into silence.",
            weather.commuter,
        ),
        Scenario(
            "tunnel",
            "Nothing passes for 30 seconds. Half of the connections live on behind the tunnel, "
            "the other half is dead without a word.",
            weather.tunnel,
        ),
        Scenario("storm", "All connections are cut at once, every 15 seconds.", weather.storm),
        Scenario(
            "deploy",
            "The server is restarted every 20 seconds, and killed every third time.",
            weather.deploy,
            may_die=True,
            settings={"STEADYCHAT_DRAIN_SECONDS": "5"},
        ),
        Scenario(
            "soak",
            "As commuters, for an hour or more: what grows that should not?",
            weather.commuter,
        ),
    )
}
