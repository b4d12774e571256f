"""A server of the newer revision, made with the official SDK."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("modern")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def forget(what: str) -> str:
    """Forgets something."""
    return f"forgot {what}"


server.run("stdio")
