"""A local Discord on loopback: REST, gateway, CDN and a chat page. Shares no code with the bot."""
