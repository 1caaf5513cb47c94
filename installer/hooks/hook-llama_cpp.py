"""llama.cpp: its libraries, and the plug-ins for every kind of processor wherever a wheel puts them.

All of them lie side by side in the bundle. `installer.contents` takes out the copies a wheel holds of each.
"""

from pathlib import Path

from PyInstaller.utils.hooks import copy_metadata, get_package_paths

SUFFIXES = (".so", ".dll", ".dylib")

site, package = map(Path, get_package_paths("llama_cpp"))
libraries = [file for file in sorted((package / "lib").iterdir()) if set(file.suffixes) & set(SUFFIXES)]
plugins = [file for file in sorted((site / "bin").glob("*ggml-*")) if file.suffix in SUFFIXES]
binaries = [(str(file), "llama_cpp/lib") for file in (*libraries, *plugins)]
datas = copy_metadata("llama-cpp-python")  # its version is told by the doctor
excludedimports = ["llama_cpp.server"]
