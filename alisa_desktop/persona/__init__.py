"""Who Alisa is: her character, modes, prompts and feelings. Text in, text out, no I/O."""
