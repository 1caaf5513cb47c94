"""Installers around the bundle in `dist/`: a setup program on Windows, a package on Debian, a disk image on macOS."""
