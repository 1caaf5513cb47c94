"""The operating system without Qt: where files live, who runs already, how processes belong together, the keyring."""
