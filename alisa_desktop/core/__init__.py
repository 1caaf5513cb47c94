"""The words every room of the house shares; imports nothing of ours and does no I/O."""
