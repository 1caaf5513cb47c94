"""OpenCV as `installer.slim` builds it, a single module; PyInstaller's own hook is for the package around it."""

hiddenimports = ["numpy"]
