"""Alisa: a private companion who lives in the tray and thinks on the user's own machine.

The house, room by room; an arrow test (tests/test_architecture.py) keeps who may know whom:

- `core`: the shared words (messages, events, bus, errors); imports nothing of ours
- `settings`: what the user can choose · `host`: the operating system without Qt
- `persona`: who Alisa is, text in, text out · `model`: words from a model, in a child process or from a server
- `updates`: whether there is a newer version of her
- `vision`: what she may see, in a child process of its own · `memory`: what she remembers
- `conversation`: the way a message goes
- `server`: the WebSocket edge · `ui`: the Qt edge
- `engine` opens all of it but `ui`: its `doorway` keeps the endpoint, its `mind` the model, its `library` the models
  there are; `app` puts engine and windows on one loop (`qt_loop`); `cli` is the engine in a terminal
- `porter` answers at her door (`quit`, `show`, `say`) for both · `doctor` looks at everything she needs, and changes
  nothing · `report` tells of a bug, without names · `selftest` tries the installed program
"""

__version__ = "0.1.0"
