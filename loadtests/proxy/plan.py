"""What is to happen to a connection."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Direction = Literal["up", "down"]  # up: from the client to the server
# fin: both sides read an end. rst: both get a reset. silence: the connection stays, and nothing comes.
How = Literal["fin", "rst", "silence"]
Origin = Literal["start", "now"]
AnyHow = Literal["fin", "rst", "silence", "any"]
Where = Literal["none", "up", "down", "both"]
Admission = Literal["accept", "hang", "refuse"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut when `at` bytes of a direction have passed, counted from the connection's start or from now.

    `spread` adds a random number of bytes from 0 to that, drawn for each connection by the proxy's seed.
    """

    direction: Direction
    at: int
    how: How = "fin"
    origin: Origin = "start"
    spread: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Faults of a connection; without any, bytes pass as they come. Each holds for both directions.

    `delay_ms` and up to `jitter_ms` more are added to each chunk; `rate` is in bytes a second; `dribble`
    bytes pass at a time, `dribble_ms` apart; after `idle_s` without a byte the connection is cut
    (`idle_how`), and also at an age from half of `life_s` to one and a half (`life_how`: `any` is silence one
    time in ten, else an end or a reset). Bytes of the direction `swallow` vanish; those of `freeze` wait
    until it is healed. `admission` is about new connections: they may be left hanging without a server behind
    them, or refused, as by a machine where nobody listens.
    """

    cuts: tuple[Cut, ...] = ()
    delay_ms: float = 0
    jitter_ms: float = 0
    rate: float = 0
    dribble: int = 0
    dribble_ms: float = 0
    idle_s: float = 0
    idle_how: How = "fin"
    life_s: float = 0
    life_how: AnyHow = "any"
    swallow: Where = "none"
    freeze: Where = "none"
    admission: Admission = "accept"

    @property
    def shapes(self) -> bool:
        """Whether chunks wait, or travel in pieces."""
        return bool(self.delay_ms or self.jitter_ms or self.rate or self.dribble)

    def json(self) -> dict[str, Any]:
        return asdict(self)


class Unfit(ValueError):
    """A plan that cannot be followed, and why."""


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "direction": get_args(Direction),
    "how": get_args(How),
    "origin": get_args(Origin),
    "idle_how": get_args(How),
    "life_how": get_args(AnyHow),
    "swallow": get_args(Where),
    "freeze": get_args(Where),
    "admission": get_args(Admission),
}


def read_plan(given: object) -> Plan:
    """Return the plan in a JSON object. Raises `Unfit`."""
    values = _fields(given, Plan)
    cuts = values.pop("cuts", [])
    if not isinstance(cuts, list):
        raise Unfit("cuts must be a list")
    return Plan(cuts=tuple(read_cut(each) for each in cuts), **values)


def read_cut(given: object) -> Cut:
    """Return the cut in a JSON object. Raises `Unfit`."""
    values = _fields(given, Cut)
    if not {"direction", "at"} <= set(values):
        raise Unfit("a cut needs a direction and a byte (at)")
    return Cut(**values)


def _fields(given: object, kind: type[Plan] | type[Cut]) -> dict[str, Any]:  # Any: checked here
    if not isinstance(given, dict):
        raise Unfit(f"{given!r} is not an object")
    known = {field.name: field.type for field in fields(kind)}
    for name, value in given.items():
        if name not in known:
            raise Unfit(f"{name} is not known; there are {', '.join(known)}")
        choices = _CHOICES.get(name)
        if choices is not None and value not in choices:
            raise Unfit(f"{name} must be one of {', '.join(choices)}")
        if choices is None and name != "cuts":
            _number(name, value, whole=known[name] is int)
    return dict(given)


def _number(name: str, value: object, *, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
        raise Unfit(f"{name} must be {'a whole number' if whole else 'a number'} from 0")
