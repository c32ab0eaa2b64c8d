"""The proxy as a process: prints its addresses as a line of JSON, and ends when its standard input does.

`python -m loadtests.proxy --listen 127.0.0.1:0 --to 127.0.0.1:8000 --control 127.0.0.1:0`
"""

import argparse
import asyncio
import json
import resource
import sys
from collections.abc import Sequence

from loadtests.proxy.control import Control
from loadtests.proxy.proxy import Proxy


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.proxy", description=__doc__)
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 0))
    parser.add_argument("--to", type=address, required=True)
    parser.add_argument("--control", type=address, default=("127.0.0.1", 0))
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    chosen = parser.parse_args(arguments)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two descriptors a connection
    asyncio.run(serve(chosen.listen, chosen.to, chosen.control, chosen.seed))


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port")
    return host, int(port)


async def serve(listen: tuple[str, int], to: tuple[str, int], control: tuple[str, int], seed: int) -> None:
    proxy = Proxy(to, seed)
    await proxy.listen(*listen)
    door = await Control(proxy).listen(*control)
    ready = {"listen": proxy.address, "control": door.sockets[0].getsockname()[:2]}
    print(json.dumps(ready), flush=True)
    await _end_of_input()
    door.close()
    proxy.close()


async def _end_of_input() -> None:
    """The owner holds the other end: however it dies, this ends."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while await reader.read(4096):
        pass


if __name__ == "__main__":
    main()
