"""The phone script: one `async def` a part. Each reads like the script, and each can be entered again by name."""
