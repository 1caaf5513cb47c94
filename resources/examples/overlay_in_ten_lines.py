"""Shows what Alisa says and how she feels, while she runs. Needs `pip install websockets`."""

from websockets.sync.client import connect

with connect("ws://127.0.0.1:8000/ws/chat?vision=0", proxy=None) as alisa:
    for frame in alisa:
        if frame.startswith("[EMOTION]"):  # before the first words of a reply, and again before its end
            face = frame[9:]
        elif frame == "[END]":
            print(f" ({face})")
        elif not frame.startswith(("[MODE CHANGED]", "[SPEECH_")):
            print(frame, end="", flush=True)
