import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from loadtests.proxy import Plan, ProxyRefused
from loadtests.run.weather import CutAll, Enter, Forget, Leave, Lives, Moment, Restart
from loadtests.run.wind import Wind

pytestmark = pytest.mark.anyio


class FakeProxy:
    """Four connections, of which the last is gone before anything can be done to it."""

    def __init__(self) -> None:
        self.did: list[Any] = []  # Any: calls in words and with arguments

    async def plan(self, plan: Plan, whom: Any) -> None:
        if whom == [4]:
            raise ProxyRefused("not open")
        self.did.append((plan, whom))

    async def cut_all(self, how: str) -> None:
        self.did.append(how)

    async def stats(self) -> dict[str, Any]:
        return {"open": [{"connection": number} for number in (1, 2, 3, 4)]}

    async def heal(self) -> None:
        self.did.append("healed")


class FakeServer:
    def __init__(self) -> None:
        self.did: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def restart(self, *, kill: bool) -> None:
        self.did.append("killed" if kill else "asked to leave")
        await self.gate.wait()
        self.did.append("started")


async def blown(folder: Path, *moments: Moment) -> tuple[list[Any], list[str], list[dict[str, Any]]]:
    proxy, server, file = FakeProxy(), FakeServer(), folder / "weather.jsonl"
    wind = Wind(proxy, server, file, random.Random(1))  # type: ignore[arg-type] # fakes
    await wind.blow(iter(moments))
    return proxy.did, server.did, [json.loads(line) for line in file.read_text().splitlines()]


async def test_connections_are_given_lives_and_all_are_cut(tmp_path: Path) -> None:
    did, _, told = await blown(tmp_path, (0, Lives(6)), (0, CutAll("rst")))
    assert did == [(Plan(life_s=6), "all"), "rst"]
    assert [each["kind"] for each in told] == ["Lives", "CutAll"]


async def test_what_fell_silent_is_given_up_and_the_others_go_on_being_cut(tmp_path: Path) -> None:
    did, _, _ = await blown(tmp_path, (0, Forget(6)))
    assert did == ["healed", (Plan(life_s=6), "all")]


async def test_in_a_tunnel_all_waits_and_some_are_lost_without_a_word(tmp_path: Path) -> None:
    did, _, _ = await blown(tmp_path, (0, Enter()), (0, Leave()))
    assert did[0] == (Plan(freeze="both", admission="hang"), "all")
    lost = [whom[0] for plan, whom in did[1:-1] if plan == Plan(swallow="both")]
    assert 0 < len(lost) < 4
    assert len(lost) == len(did) - 2
    assert did[-1] == (Plan(), "all")


async def test_a_server_is_restarted_in_order_or_killed(tmp_path: Path) -> None:
    _, did, told = await blown(tmp_path, (0, Restart(kill=False)), (0, Restart(kill=True)))
    assert did == ["asked to leave", "started", "killed", "started"]
    assert all(each["until"] >= each["at"] for each in told)


async def test_a_restart_that_has_begun_is_seen_to_its_end(tmp_path: Path) -> None:
    proxy, server = FakeProxy(), FakeServer()
    wind = Wind(proxy, server, tmp_path / "weather.jsonl", random.Random(1))  # type: ignore[arg-type] # fakes
    server.gate.clear()
    blowing = asyncio.create_task(wind.blow(iter([(0.0, Restart(kill=False))])))
    while not server.did:  # noqa: ASYNC110 - it begins at once
        await asyncio.sleep(0)
    blowing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await blowing
    calming = asyncio.create_task(wind.calm())
    await asyncio.sleep(0)
    assert proxy.did == []
    server.gate.set()
    await calming
    assert (server.did, proxy.did) == (["asked to leave", "started"], ["healed"])
