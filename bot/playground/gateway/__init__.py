"""The gateway: WebSocket connections, sessions and intents."""
