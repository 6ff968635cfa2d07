"""An asyncio server that echoes, and its clients, in one process."""

import asyncio

CLIENTS, MESSAGES = 20, 25


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def client(port, name):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for n in range(MESSAGES):
        line = f"{name} {n}\n".encode()
        writer.write(line)
        assert await reader.readline() == line
    writer.close()
    await writer.wait_closed()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for wave in range(3):
            await asyncio.gather(*(client(port, n) for n in range(CLIENTS)))


asyncio.run(main())
