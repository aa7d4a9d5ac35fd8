"""Asks an MCP server as an agent does: `mcp_client.py COMMAND ARGUMENT...`. Run by the tools' Python."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:])
    async with stdio_client(server) as (reads, writes), ClientSession(reads, writes) as session:
        await session.initialize()
        columns = await session.call_tool("list_columns", {"table": "images"})
        count = await session.call_tool("execute_query", {"sql": "SELECT count(*) FROM images"})
        json.dump([columns.content[0].text, count.content[0].text], sys.stdout)


asyncio.run(main())
