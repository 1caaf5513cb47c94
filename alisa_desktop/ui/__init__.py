"""The Qt edge: what the user sees. No asyncio, no SQL, no model in here; everything passes through `bridge`."""
