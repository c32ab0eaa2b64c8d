"""Two tabs, two transports, a server that dies, a network that loses, delays and cuts: any history of them.

After every step no client may have met anything that the protocol forbids, or show what the database does not
hold. In the end all is healed: then everybody agrees, every send ran once, and nothing is left open.
"""

import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loadtests.protocol.core import Core
from loadtests.protocol.frames import Frame, is_terminal
from tests.faults.model.database import HeldWriter
from tests.faults.model.loop import StillLoop
from tests.faults.model.person import Person
from tests.faults.model.server import MortalServer
from tests.support.logged import LOGGED

FEW = st.integers(0, 3)
SELDOM = st.sampled_from([False, False, False, True])
THEN = st.sampled_from(["more", "more", "ends", "fails"])
WHO = st.integers(0, 1)
WHICH = st.integers(0, 7)
CARRIER = st.sampled_from(["socket", "socket", "http"])
MOSTLY_ENDS = st.sampled_from(["ends", "ends", "fails", "more"])
# Coming back reads the session, then the state of its log, then the log.
MOSTLY_THE_LOG = st.sampled_from([2, 2, 2, 0, 1, 3])
HEAL_STEPS = 400
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - it is only faster


class Failure(RuntimeError):
    """The chain's own."""


class Chat(RuleBasedStateMachine):
    """`core` and `writer` may be replaced by ones with a bug."""

    core: type[Core] = Core
    writer: type[HeldWriter] = HeldWriter

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.folder = Path(tempfile.mkdtemp(prefix="steadychat-model-", dir=IN_MEMORY))
        self.server = MortalServer(self.loop, self.folder, self.writer)
        self.server.start()
        self.people = [Person(name, self.loop, self.server, self.core) for name in ("ann", "bob")]
        self.keys = 0
        for person in self.people:
            person.connect("socket")

    def teardown(self) -> None:
        try:
            self.heal()
        finally:
            self.server.kill()
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # What people do

    @initialize(who=WHO, both=st.booleans())
    def begin(self, who: int, both: bool) -> None:
        self.talk(who, new=True, which=0)
        if both:
            self.look(1 - who, 0)

    @precondition(lambda self: self.server.parts is not None and not self.server.words.speaking)
    @rule(who=WHO, new=SELDOM, which=WHICH)
    def talk(self, who: int, new: bool, which: int) -> None:
        """A message over a good network, whose answer is being written then."""
        if not self.people[who].connected:
            self.people[who].connect("socket")
        self.send(who, new, which)
        self.all_flows(who, 3)

    @rule(who=WHO, new=SELDOM, which=WHICH)
    def send(self, who: int, new: bool, which: int) -> None:
        known = self.sessions()
        self.keys += 1
        session_id = None if new or not known else known[which % len(known)]
        self.people[who].send(f"question {self.keys}", session_id)
        self.people[who].arrive(9)

    @rule(who=WHO, which=WHICH)
    def retry(self, who: int, which: int) -> None:
        person = self.people[who]
        ended = [
            (session_id, shown[-1]["id"])
            for session_id, state in person.core.conversations.items()
            if (shown := state.shown()) and shown[-1]["role"] == "assistant" and is_terminal(shown[-1])
        ]
        if ended:
            self.keys += 1
            person.retry(f"retry {self.keys}", *ended[which % len(ended)])

    @rule(who=WHO, which=WHICH)
    def look(self, who: int, which: int) -> None:
        known = self.sessions()
        if known:
            self.people[who].look(known[which % len(known)])

    @rule(who=WHO, which=WHICH)
    def stop(self, who: int, which: int) -> None:
        running = self.rows("SELECT id FROM messages WHERE status IN ('pending', 'streaming') ORDER BY id")
        line = self.people[who].line
        if running and line is not None:
            line.up.append({"type": "stop", "message_id": running[which % len(running)][0]})
            self.people[who].arrive(9)

    # What the network does

    @rule(who=WHO, carrier=CARRIER, up=FEW, down=FEW, stays=st.booleans())
    def connect(self, who: int, carrier: str, up: int, down: int, stays: bool) -> None:
        """What was under way is lost; a little arrives over the new connection, which may be lost again."""
        self.people[who].connect(carrier)
        self.flow(who, up, down, None)
        if not stays:
            self.cut(who)

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        self.people[who].lose()

    @rule(who=WHO, up=FEW, down=FEW, answer=st.one_of(st.none(), WHICH))
    def flow(self, who: int, up: int, down: int, answer: int | None) -> None:
        person = self.people[who]
        person.arrive(up)
        person.hear(down)
        if answer is not None:
            person.answered(answer)

    @rule(who=WHO, count=st.integers(1, 5))
    def all_flows(self, who: int, count: int) -> None:
        """A good network, for a while."""
        person = self.people[who]
        for _ in range(count):
            person.arrive(99)
            self.commit(None)
            person.hear(99)
            person.answered(0)

    @rule(who=WHO)
    def catches_up(self, who: int) -> None:
        """With a good network whoever follows a session soon stands where its log ends, and shows it all."""
        if self.server.parts is None:
            return
        person = self.people[who]
        self.reads_wait(hold=False)
        self.all_flows(who, 12)
        if person.calls or person.later:
            return
        ends: dict[str, Any] = dict(
            self.rows(f"SELECT session_id, max(seq) FROM {LOGGED} GROUP BY session_id")
        )
        for session_id, state in person.core.conversations.items():
            if state.connected and state.following == "yes":
                assert state.cursor == ends[session_id], f"{person.name} has stopped at {state.cursor}"
                self.agrees(person, session_id, state.shown())

    # What the server does

    @rule(count=st.one_of(st.none(), st.integers(1, 2)))
    def commit(self, count: int | None) -> None:
        if self.server.parts is not None:
            self.server.writer.commit(count)
            self.loop.settle()

    @precondition(lambda self: self.server.words.speaking)
    @rule(which=WHICH, count=FEW, then=THEN, commits=st.booleans())
    def speak(self, which: int, count: int, then: str, commits: bool) -> None:
        speaking = self.server.words.speaking
        run = speaking[which % len(speaking)]
        self.server.words.say(run, count)
        if then != "more":
            self.server.words.end(run, Failure() if then == "fails" else None)
        self.loop.settle()
        if commits:
            self.commit(None)
            self.commit(None)

    @rule(hold=st.booleans())
    def reads_wait(self, hold: bool) -> None:
        """Reads are made, but their answers take their time: commits land in between."""
        self.server.pauses.holding = hold
        if not hold:
            self.server.pauses.release_all()
        self.loop.settle()

    def read_answered(self) -> None:
        self.server.pauses.release()
        self.loop.settle()

    @rule(who=WHO, which=WHICH, then=THEN, read=FEW)
    def a_commit_lands_in_a_read(self, who: int, which: int, then: str, read: int) -> None:
        """Of what this person's requests make the server read, in the first or a later one."""
        self.server.pauses.holding = True
        self.people[who].arrive(9)
        for _ in range(read):
            self.read_answered()
        if self.server.words.speaking:
            self.speak(which, 1, then, commits=True)
        self.commit(None)
        self.reads_wait(hold=False)

    @rule(who=WHO, carrier=CARRIER, which=WHICH, then=MOSTLY_ENDS, read=MOSTLY_THE_LOG, alone=st.booleans())
    def somebody_comes_back_meanwhile(
        self, who: int, carrier: str, which: int, then: str, read: int, alone: bool
    ) -> None:
        """All that this person had before is read, and the next commit lands in the coming back."""
        self.all_flows(who, 4)
        if alone:  # what others follow is read from memory
            self.cut(1 - who)
        self.people[who].connect(carrier)
        self.a_commit_lands_in_a_read(who, which, then, read)
        self.catches_up(who)

    @precondition(lambda self: self.server.words.speaking)
    @rule(who=WHO, carrier=CARRIER, which=WHICH, then=MOSTLY_ENDS)
    def somebody_was_away(self, who: int, carrier: str, which: int, then: str) -> None:
        """What was said meanwhile, and that it has ended, is told after the coming back."""
        self.all_flows(who, 4)
        self.cut(who)
        if self.server.words.speaking:  # what arrived may have stopped it
            self.speak(which, 1, then, commits=True)
        self.people[who].connect(carrier)
        self.catches_up(who)

    @rule(who=WHO, carrier=CARRIER, which=WHICH, then=MOSTLY_ENDS, read=FEW)
    def somebody_reloads_meanwhile(self, who: int, carrier: str, which: int, then: str, read: int) -> None:
        """Only the outbox is kept; the next commit lands in the loading of a page."""
        known, person = self.sessions(), self.people[who]
        person.lose()
        person.core.conversations.clear()
        person.connect(carrier)
        if known:
            person.look(known[which % len(known)])
        self.a_commit_lands_in_a_read(who, which, then, read)
        person.answered(0)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.loop.forward(seconds)
        self.loop.settle()
        for person in self.people:
            person.due()

    @rule(again=st.booleans(), really=SELDOM)
    def kill(self, again: bool, really: bool) -> None:
        if really:
            self.server.kill()
            if again:
                self.server.start()

    @precondition(lambda self: self.server.parts is not None)
    @rule(who=WHO, new=SELDOM, which=WHICH, heard=st.booleans(), again=st.booleans(), really=SELDOM)
    def dies_at_an_ack(self, who: int, new: bool, which: int, heard: bool, again: bool, really: bool) -> None:
        """The server dies as soon as it has accepted a message; its word may still be under way."""
        self.commit(None)
        if not self.people[who].connected:
            self.people[who].connect("socket")
        self.send(who, new, which)
        self.commit(None)
        if heard:
            self.people[who].hear(9)
        self.kill(again, really)

    @precondition(lambda self: self.server.parts is None)
    @rule()
    def start(self) -> None:
        self.server.start()

    # What always holds

    @invariant()
    def nobody_met_what_is_forbidden(self) -> None:
        for person in self.people:
            person.verifier.violations.check()

    @invariant()
    def what_is_shown_is_kept(self) -> None:
        for person in self.people:
            for state in person.core.conversations.values():
                for row in state.rows.values():
                    shown = str(row.text)
                    if row.message["role"] == "assistant" and shown:
                        assert self.kept(row.message["id"]).startswith(shown), person.name

    def kept(self, message_id: str) -> str:
        """What the database holds of an answer, committed."""
        found = self.rows("SELECT content, status FROM messages WHERE id = ?", message_id)
        assert len(found) == 1, f"{message_id} is shown, and kept are {found}"
        content, status = found[0]
        if status not in {"pending", "streaming"}:
            return str(content)
        pieces = f"SELECT body FROM {LOGGED} WHERE message_id = ? AND kind = 'piece' ORDER BY seq"
        return "".join(body for (body,) in self.rows(pieces, message_id))

    def rows(self, statement: str, *values: object) -> list[Any]:  # Any: rows of any shape
        reader = sqlite3.connect(self.server.file)
        try:
            return reader.execute(statement, values).fetchall()
        finally:
            reader.close()

    def sessions(self) -> list[str]:
        return sorted({id_ for person in self.people for id_ in person.core.conversations})

    # The end

    def heal(self) -> None:
        """From now on nothing is lost; everything that was begun comes to its end."""
        if self.server.parts is None:
            self.server.start()
        self.server.pauses.release_all()
        self.loop.settle()
        for person in self.people:
            for session_id in self.sessions():
                person.look(session_id)
        for _ in range(HEAL_STEPS):
            if not self.move():
                break
        else:
            raise AssertionError(f"no rest after {HEAL_STEPS} steps without a fault: {self.waiting()}")
        self.nobody_met_what_is_forbidden()
        self.every_send_ran_once()
        self.everybody_agrees()

    def move(self) -> bool:
        """Lets everything arrive that is under way; False once nothing is."""
        before = self.fingerprint()
        for person in self.people:
            if not person.connected:
                person.connect("socket")
            person.arrive(100)
            person.hear(100)
            person.answered(0)
            person.due()
        self.server.writer.commit()
        self.loop.settle()
        for run in self.server.words.speaking:
            self.server.words.end(run)
        self.loop.settle()
        self.loop.forward(1)
        self.loop.settle()
        return self.fingerprint() != before or self.under_way()

    def under_way(self) -> bool:
        return bool(self.server.writer.waiting or self.server.words.speaking) or any(
            person.calls
            or person.later
            or (person.line and (person.line.up or person.line.down))
            or any(stream.under_way for stream in person.streams.values())
            for person in self.people
        )

    def waiting(self) -> str:
        """What has not come to its end, in words."""
        writing = len(self.server.writer.waiting)
        found = [f"{writing} units of work", f"the chain's runs {self.server.words.speaking}"]
        for person in self.people:
            up, down = (person.line.up, person.line.down) if person.line else ([], [])
            found += [
                f"{person.name}: frames up {list(up)}, down {list(down)}",
                f"calls {[asked.effect for asked in person.calls]}",
                f"later {[effect for _, effect in person.later]}",
            ]
        return "; ".join([*found, f"last seen {self.fingerprint()}"])

    def fingerprint(self) -> object:
        return [
            (entry.state, entry.tries)
            for person in self.people
            for entry in person.core.outbox.entries.values()
        ] + [
            (state.cursor, state.following, len(state.rows), state.ticket)
            for person in self.people
            for state in person.core.conversations.values()
        ]

    def everybody_agrees(self) -> None:
        left = self.rows("SELECT id, status FROM messages WHERE status IN ('pending', 'streaming')")
        assert not left, f"these have not ended: {left}"
        for person in self.people:
            for session_id, state in person.core.conversations.items():
                self.agrees(person, session_id, state.shown())

    def agrees(self, person: Person, session_id: str, messages: list[Frame]) -> None:
        """What is shown is the end of what is kept, without a hole."""
        for message in messages:
            self.compare(person, session_id, message)
        shown = [message["id"] for message in messages]
        kept = self.newest(session_id, max(1, len(shown)))
        assert shown == kept, f"{person.name} shows {shown}, the newest that are kept are {kept}"

    def newest(self, session_id: str, count: int) -> list[str]:
        """The last so many messages of a session, in order; of several attempts only the newest counts."""
        ids = self.rows(
            "SELECT id FROM messages WHERE session_id = ? AND id NOT IN"
            " (SELECT retry_of FROM messages WHERE retry_of IS NOT NULL) ORDER BY number DESC LIMIT ?",
            session_id,
            count,
        )
        return [id_ for (id_,) in reversed(ids)]

    def compare(self, person: Person, session_id: str, message: Frame) -> None:
        found = self.rows(
            "SELECT status, number, role FROM messages WHERE id = ? AND session_id = ?",
            message["id"],
            session_id,
        )
        shown = (message["status"], message["content"], message["index"], message["role"])
        assert len(found) == 1, f"{person.name} shows {shown}, and kept are {found}"
        status, number, role = found[0]
        kept = (status, self.kept(message["id"]), number, role)
        assert shown == kept, f"{person.name} shows {shown}, kept is {kept}"

    def every_send_ran_once(self) -> None:
        kept = Counter(
            content for (content,) in self.rows("SELECT content FROM messages WHERE role = 'user'")
        )
        for person in self.people:
            for key, entry in person.core.outbox.entries.items():
                assert entry.state in {"sent", "refused"}, f"{key} is {entry.state}"
                if entry.content is not None:
                    assert kept[key] == (entry.state == "sent"), f"{key} was {entry.state}, kept {kept[key]}"
        asked = Counter(self.server.words.asked)
        retried = Counter(
            content
            for (content,) in self.rows(
                "SELECT q.content FROM messages a JOIN messages q ON q.id = a.reply_to"
                " WHERE a.retry_of IS NOT NULL"
            )
        )
        for question, runs in asked.items():
            assert runs <= 1 + retried[question], f"{question} ran {runs} times"
