"""A quiet connection stays, and a dead one is noticed: what is said about the connection is true."""

import asyncio
from random import Random

from loadtests.client import ChatClient, Pace
from loadtests.proxy import FaultProxy
from tests.faults.clients import Clients, shown, surviving
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.silence import CONNECTIONS, silence

PROMISE = "The badge tells the truth"
BLACK_HOLED = 50
NOTICED_S = 45
EARLIEST = 0.9
TENTH = Pace(heartbeat_s=3, pong_s=1)
WIDER = 3
"""So much wider is the bar at a first look, which other work may disturb."""


async def black_holes(trial: Trial) -> Measured:
    """The connections stay open, and nothing comes any more; new ones work.

    A first look has a tenth of the protocol's times, so that it is soon over; else they are its own.
    """
    async with surviving(trial) as (server, oracle):
        for number in trial.numbers():
            async with (
                FaultProxy.before("127.0.0.1", server.port, seed=trial.seed) as proxy,
                Clients.made(trial.seed) as clients,
            ):
                await _black_hole(trial, number, proxy, clients, oracle)
    return trial.measured


async def _black_hole(trial: Trial, number: int, proxy: FaultProxy, clients: Clients, oracle: Oracle) -> None:
    pace, lasts_s = (TENTH, NOTICED_S / 10) if trial.small else (Pace(), NOTICED_S)
    chance = trial.random(number)
    lost = [await clients.one(proxy.url, "websocket", pace) for _ in range(BLACK_HOLED)]
    await asyncio.gather(*(_open(client) for client in lost))
    words = {f"b-{number}-{place}": _words(chance, lasts_s) for place in range(0, BLACK_HOLED, 2)}
    questions = {name: question(name, **script) for name, script in words.items()}
    asked = [
        asyncio.create_task(client.ask(text, client_message_id=name))
        for client, (name, text) in zip(lost, questions.items(), strict=False)
    ]
    await asyncio.sleep(chance.uniform(0.5, 1.5))
    wrong = await _noticed(trial, proxy, lost, pace)
    await asyncio.gather(*(_open(client) for client in lost))
    answers = await asyncio.gather(*asked)
    judged = [shown(answer, questions[answer.client_message_id]) for answer in answers]
    wrong += [str(each) for client in lost for each in client.violations.first]
    trial.fail(number, [*wrong, *oracle.judge(judged, statuses={"complete"})])


async def _noticed(trial: Trial, proxy: FaultProxy, lost: list[ChatClient], pace: Pace) -> list[str]:
    """Cuts off all of them, without a word; nobody can know sooner than by a ping without a pong."""
    within_s = NOTICED_S / 10 * WIDER if trial.small else NOTICED_S
    wrong = [f"connected {times} times" for each in lost if (times := each.measures.connections) != 1]
    cut = await proxy.cut_all("silence")
    began = asyncio.get_running_loop().time()
    if cut < len(lost):
        wrong.append(f"of {len(lost)} connections {cut} were black-holed")

    async def noticed(client: ChatClient) -> float:
        await client.until(lambda: client.carrier != "socket")
        return asyncio.get_running_loop().time() - began

    took = await asyncio.gather(*(noticed(client) for client in lost))
    trial.measured.count("black-holed", len(took))
    trial.measured.figure("s until a black hole is noticed", max(took), within_s)
    wrong += [f"noticed after {each:.1f} s" for each in took if each > within_s]
    return wrong + [
        f"ended after {each:.1f} s, by no silence" for each in took if each < EARLIEST * pace.pong_s
    ]


async def _open(client: ChatClient) -> None:
    await client.until(lambda: client.carrier == "socket")


def _words(chance: Random, lasts_s: float) -> dict[str, object]:
    """An answer that is under way when the connection dies, and may end before that is noticed."""
    rate = chance.choice((2, 10))
    return {"tokens": int(rate * chance.uniform(2, lasts_s)), "rate": rate}


PROOFS = [
    Proof(
        "silence behind proxies that cut idle connections",
        small=CONNECTIONS,
        full=CONNECTIONS,
        run=silence,
        waits=True,
    ),
    Proof("black holes are noticed", small=1, full=8, run=black_holes, waits=True),
]
