"""Alisa herself: what is imported by name, the migrations Alembic reads as files, and the resources."""

from pathlib import Path

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
NOT_SHIPPED = {"examples"}  # for whoever writes a client, in the sources

hiddenimports = collect_submodules("alisa_desktop", filter=lambda name: "migrations" not in name)
datas = collect_data_files("alisa_desktop.memory.migrations", include_py_files=True, excludes=["**/__pycache__/*"])
datas += [(str(part), f"resources/{part.name}") for part in RESOURCES.iterdir() if part.name not in NOT_SHIPPED]
