"""What Alisa may see: the window in front, its text, a picture; all of it in a child process that only looks when told.

`eyes` is the engine's side: consent, and the child's life. The child is `looker`; all other modules belong to it:
`window*` and `accessibility*` ask the system, `apps` knows applications and what is blocked, `capture` takes pixels,
`tiles` finds what has changed, `reader` reads it, `digest` cuts it. Frames (pictures of the screen) never leave it, but
for one downscaled picture that the user asked a seeing model to look at.
"""
