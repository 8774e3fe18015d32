"""Several questions to slow stores at once, each with a bound: one that hangs does not hold up the others."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

AT_ONCE = 8


class TooSlowError(Exception):
    """No answer within the bound."""


def ask_each(
    items: Sequence[Asked],
    question: Callable[[Asked], Answer],
    *,
    seconds: float,
    in_all: float | None = None,
) -> Mapping[int, Answer | Exception]:
    """The answer to each item by its position, or what went wrong; `TooSlowError` where none came in time.

    Args:
        items: what to ask about.
        question: asked in a thread of its own, at most `AT_ONCE` side by side, in the order of the items.
        seconds: for one answer, from when it was asked.
        in_all: for all answers; what was not asked by then is too slow as well.
    """
    answers: dict[int, Answer | Exception] = {}
    arrived: SimpleQueue[tuple[int, Answer | Exception]] = SimpleQueue()

    def ask(position: int) -> None:
        try:
            arrived.put((position, question(items[position])))
        except Exception as error:
            arrived.put((position, error))

    end = time.monotonic() + in_all if in_all is not None else float("inf")
    waiting, due = list(range(len(items))), dict[int, float]()
    while waiting or due:
        now = time.monotonic()
        for position in [position for position, at in due.items() if at <= now]:
            del due[position]
            answers[position] = TooSlowError()
        if now >= end:
            answers |= {position: TooSlowError() for position in (*waiting, *due)}
            break
        while waiting and len(due) < AT_ONCE:
            position = waiting.pop(0)
            due[position] = now + seconds
            # A daemon: a client that waits for a dead host must not keep the process alive.
            threading.Thread(target=ask, args=(position,), name=f"ask-{position}", daemon=True).start()
        if not due:
            break
        try:
            position, answer = arrived.get(timeout=max(0.0, min([end, *due.values()]) - time.monotonic()))
        except Empty:
            continue
        if due.pop(position, None) is not None:
            answers[position] = answer
    return answers
