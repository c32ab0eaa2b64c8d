"""The WebSocket that one writes first: no history, no log, no resume. `BENCH_CHAIN` names the chain."""

import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from loadtests.bench import chain

app = FastAPI()
runnable = getattr(chain, os.environ.get("BENCH_CHAIN", "lcel"))()


@app.websocket("/ws/chat")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            question = await websocket.receive_text()
            async for token in runnable.astream(question):
                await websocket.send_text(token)
            await websocket.send_text("@end@")
    except WebSocketDisconnect:
        return
