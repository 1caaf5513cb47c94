"""Uvicorn as it is configured in `server/serve.py`: classes are handed in, only these two are named."""

hiddenimports = ["uvicorn.lifespan.off", "uvicorn.logging"]
