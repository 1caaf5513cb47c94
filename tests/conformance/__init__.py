"""Does a server speak version 1 of Alisa's text protocol? This suite asks it, rule by rule, over a WebSocket.

For whom: whoever writes a server that overlays, text chats, voice chats and sensors of the original Alisa are to work
with unchanged. It needs Python 3.11 and `websockets`, and nothing of Alisa; copy this folder and run it:

    python -m tests.conformance ws://127.0.0.1:8000/ws/chat

    --quick              leave out what takes long (the keep-alive, which comes every 20 s)
    --json               print one JSON object instead of lines
    --patience SECONDS   how long a frame that is due may take (default 90: a slow model may think for a minute)
    --grace SECONDS      how long words may still come after a `/stop` (default 5)
    --mode NAME          the mode to leave the server in (default "default"; version 1 has no way to ask for the mode)

For every rule it says whether the server keeps it, breaks it (with what was seen) or could not be tested (with why).
The exit code is 0 when nothing is broken, 1 when something is, and 2 when nobody answers at the address.

An address may carry a token: `ws://127.0.0.1:8000/ws/chat?token=...`.

What to know before running it:
- The server should be at rest, without other people's talk: every reply is broadcast to everyone, also to this suite.
- About six short replies are asked for and two long ones, which are stopped. What the model says does not matter.
- Some things can't be provoked from outside (a broken model, a `[VISION]` frame, a shutdown); they stay untested.
- A rule that builds on a broken one is not tested: mend that one and run again.

The rules, in the words of the protocol, are in `rules_asked.py` (what a client may send) and `rules_told.py` (what it
is sent). Each is one function. `small_server.py` is a server of 150 lines that keeps them all.
"""
