"""The Debian package: `deb.build` makes it, the other rooms say what is in it."""
