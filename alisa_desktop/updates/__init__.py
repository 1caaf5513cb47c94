"""Whether a newer version of her is out. Asked only when the user wants it; nothing is ever downloaded."""
