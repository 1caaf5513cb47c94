"""What Alisa remembers: every finished turn, in one SQLite file that is the user's to find, view and clear.

`store` remembers for good, `forgetful` for this session only, when the file can't be used. Both answer the same calls.
"""
