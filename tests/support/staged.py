"""A chain that says one long answer, slowly, and breaks off where the question asks it to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from chains.inputs import ChatInput

BREAKS = "What happens when the model fails?"
ANSWER = """An answer belongs to the server, not to the connection that asked for it. When your connection \
drops, three things happen:

1. **The answer goes on.** Its text is kept in the log of the chat, piece by piece.
2. **The page comes back by itself**, after 1, 2, 4, 8, 16 and then every 30 seconds.
3. **What you missed is sent first**, from the very piece at which you left.

```bash
steadychat serve --port 9000  # the same address as before
```

| you | the server | what is shown |
|---|---|---|
| reload the page | goes on writing | the text so far, then the rest |
| close the laptop | goes on writing | everything, once it is open again |
| press Stop | stops at once | what was said until then |

Nothing is said twice and nothing is left out, because each piece has a number. The page remembers the last \
number that it has seen and names it when it comes back. Should the server have forgotten so old a number, \
then the whole text is loaded anew."""
PACE_S = 0.02


async def _say(given: AsyncIterator[Any]) -> AsyncIterator[AddableDict]:  # Any: a dict, or the bare question
    last = [each async for each in given][-1]
    question = last["question"] if isinstance(last, dict) else last
    for number, word in enumerate(ANSWER.split(" ")):
        if question == BREAKS and number == 40:
            raise RuntimeError("the model is away")
        yield AddableDict(answer=f"{word} ")
        await asyncio.sleep(PACE_S)


def build() -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
    """Say one long answer."""
    return RunnableGenerator(_say).with_types(input_type=ChatInput)
