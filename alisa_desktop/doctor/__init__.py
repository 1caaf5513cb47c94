"""The doctor looks at everything Alisa needs, and says what is good, bad or unknown and what to do about it.

A check is a function that gets a `Case` and returns what it found. It changes nothing, neither in the profile nor
elsewhere, runs in a thread of its own, and may take its time: who asks does not wait for one that hangs.
"""
