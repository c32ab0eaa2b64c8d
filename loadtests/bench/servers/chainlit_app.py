"""Chainlit as its own guide sets it up; it runs in an environment of its own."""

import chainlit

from loadtests.bench.chain import lcel

runnable = lcel()


@chainlit.on_message
async def on_message(message: chainlit.Message) -> None:
    answer = chainlit.Message(content="")
    async for token in runnable.astream(message.content):
        await answer.stream_token(token)
    await answer.send()
