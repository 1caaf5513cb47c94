"""The work of others inside of Alisa, with its licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Component:
    """A library as its authors call it; `package` is its name among Python packages, empty if it is none."""

    name: str
    licence: str
    address: str
    package: str = ""


THIRD_PARTY = (
    Component("Python", "PSF-2.0", "https://www.python.org"),
    Component("Qt", "LGPL-3.0", "https://www.qt.io"),
    Component("Qt for Python", "LGPL-3.0", "https://pyside.org", "PySide6-Essentials"),
    Component("llama.cpp", "MIT", "https://github.com/ggml-org/llama.cpp"),
    Component("llama-cpp-python", "MIT", "https://github.com/abetlen/llama-cpp-python", "llama-cpp-python"),
    Component("Alembic", "MIT", "https://alembic.sqlalchemy.org", "alembic"),
    Component("Click", "BSD-3-Clause", "https://click.palletsprojects.com", "click"),
    Component("comtypes", "MIT", "https://github.com/enthought/comtypes", "comtypes"),
    Component("FastAPI", "MIT", "https://fastapi.tiangolo.com", "fastapi"),
    Component("HTTPX", "BSD-3-Clause", "https://www.python-httpx.org", "httpx"),
    Component("Jeepney", "MIT", "https://jeepney.readthedocs.io", "jeepney"),
    Component("Jinja", "BSD-3-Clause", "https://jinja.palletsprojects.com", "jinja2"),
    Component("keyring", "MIT", "https://github.com/jaraco/keyring", "keyring"),
    Component("MSS", "MIT", "https://github.com/BoboTiG/python-mss", "mss"),
    Component("NumPy", "BSD-3-Clause", "https://numpy.org", "numpy"),
    Component("ONNX Runtime", "MIT", "https://onnxruntime.ai", "onnxruntime"),
    Component("OpenCV", "Apache-2.0", "https://opencv.org", "opencv-python-headless"),
    Component("packaging", "Apache-2.0", "https://packaging.pypa.io", "packaging"),
    Component("platformdirs", "MIT", "https://platformdirs.readthedocs.io", "platformdirs"),
    Component("psutil", "BSD-3-Clause", "https://github.com/giampaolo/psutil", "psutil"),
    Component("Pydantic", "MIT", "https://pydantic.dev", "pydantic"),
    Component("PyObjC", "MIT", "https://pyobjc.readthedocs.io", "pyobjc-framework-quartz"),
    Component("PyObjC (accessibility)", "MIT", "https://pyobjc.readthedocs.io", "pyobjc-framework-applicationservices"),
    Component("python-xlib", "LGPL-2.1", "https://github.com/python-xlib/python-xlib", "python-xlib"),
    Component("qasync", "BSD-2-Clause", "https://github.com/CabbageDevelopment/qasync", "qasync"),
    Component("RapidOCR", "Apache-2.0", "https://github.com/RapidAI/RapidOCR", "rapidocr"),
    Component("SQLAlchemy", "MIT", "https://www.sqlalchemy.org", "sqlalchemy"),
    Component("Uvicorn", "BSD-3-Clause", "https://uvicorn.dev", "uvicorn"),
    Component("websockets", "BSD-3-Clause", "https://websockets.readthedocs.io", "websockets"),
)


def whole_text(resources: Path) -> Path:
    """The file of all licences in full, beside the resources; only a bundle has it."""
    return resources.parent / "licences" / "THIRD_PARTY_LICENCES.txt"
