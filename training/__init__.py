"""What the project trains; no part of the app."""
