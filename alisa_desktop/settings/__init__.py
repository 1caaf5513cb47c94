"""What the user can choose: declared once in `schema`, kept by `file`."""
