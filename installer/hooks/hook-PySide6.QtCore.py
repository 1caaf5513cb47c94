"""Qt without the plug-ins nobody uses, in the place of PyInstaller's own hook."""

from installer.contents import qt_parts

hiddenimports, binaries, datas = qt_parts(__file__)
