"""The starter brain: its corpus, how it is trained, and how it is judged."""
