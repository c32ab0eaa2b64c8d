"""Whoever listens is told; whoever left is not."""

from api.service.ports import Hint, SessionHint
from api.wakeups.local import LocalHints, LocalWakeups


def test_a_wake_up_reaches_everybody_who_watches_that_session() -> None:
    wakeups, woken = LocalWakeups(), list[str]()
    for name, session in (("a", "s"), ("b", "s"), ("c", "other")):
        wakeups.watch(session, lambda name=name: woken.append(name))  # type: ignore[misc]  # a default is no argument
    wakeups.wake("s")
    assert woken == ["a", "b"]


def test_one_who_left_is_not_woken_and_may_leave_twice() -> None:
    wakeups, woken = LocalWakeups(), list[str]()
    undo = wakeups.watch("s", lambda: woken.append("left"))
    wakeups.watch("s", lambda: woken.append("stayed"))
    undo()
    undo()
    wakeups.wake("s")
    wakeups.wake("nobody watches this")
    assert woken == ["stayed"]


def test_the_same_callback_watches_as_often_as_it_asked() -> None:
    wakeups, woken = LocalWakeups(), list[int]()

    def wake() -> None:
        woken.append(1)

    undo = wakeups.watch("s", wake)
    wakeups.watch("s", wake)
    undo()
    wakeups.wake("s")
    assert woken == [1]


def test_one_may_leave_while_being_woken() -> None:
    wakeups, woken = LocalWakeups(), list[str]()

    def leave() -> None:
        woken.append("first")
        undo()

    undo = wakeups.watch("s", leave)
    wakeups.watch("s", lambda: woken.append("second"))
    wakeups.wake("s")
    wakeups.wake("s")
    assert woken == ["first", "second", "second"]


def test_hints_reach_the_users_own_connections_alone() -> None:
    hints, anns, bobs = LocalHints(), list[Hint](), list[Hint]()
    hints.listen("ann", anns.append)
    deaf = hints.listen("ann", anns.append)
    hints.listen("bob", bobs.append)
    deaf()
    hints.tell("ann", SessionHint("s"))
    assert (anns, bobs) == ([SessionHint("s")], [])
