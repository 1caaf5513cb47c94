"""The way a message goes: ports to the model and the memory, one turn, one conversation."""
