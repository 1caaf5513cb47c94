"""OpenCV with what reading text off a picture takes, and nothing else: 10 MB in place of 150.

The published package holds video codecs, neural networks and a second OpenBLAS, all linked into one library. Built once
and kept beside the model's library; only the bundle is made of it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import bootstrap

NAME = "opencv-python-headless"
ON_INTEL = platform.machine().lower() in ("x86_64", "amd64")
OFF = (
    *("AVIF", "EIGEN", "FFMPEG", "FLATBUFFERS", "GIF", "GSTREAMER", "IMGCODEC_HDR", "IMGCODEC_PFM", "IMGCODEC_PXM"),
    *("IMGCODEC_SUNRASTER", "IPP", "ITT", "JASPER", "LAPACK", "OPENCL", "OPENEXR", "OPENJPEG", "PROTOBUF", "TIFF"),
    *("V4L", "WEBP"),
)
FLAGS = " ".join(
    [
        "-DBUILD_LIST=core,geometry,imgproc,imgcodecs,python3",
        *(f"-DBUILD_{name}=ON" for name in ("JPEG", "PNG", "ZLIB")),
        *(f"-DWITH_{name}=OFF" for name in OFF),
        *(["-DCPU_DISPATCH=SSE4_1,AVX2"] if ON_INTEL else []),  # chosen when it runs, from SSE3 on
    ]
)


def unpacked(folder: Path) -> Path:
    """The folder, which then holds OpenCV as Python imports it; building it takes some eight minutes, once.

    Raises `subprocess.CalledProcessError` where that fails.
    """
    mark = folder / "of.txt"
    wheel = _wheel()
    if not mark.exists() or mark.read_text() != wheel.parent.name:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
        mark.write_text(wheel.parent.name)
    return folder


def _wheel() -> Path:
    entries = re.split(r"\n(?=[A-Za-z])", bootstrap.LOCK.read_text(encoding="utf-8"))
    requirement = next(entry for entry in entries if entry.startswith(f"{NAME}=="))
    mark = hashlib.sha256(f"{requirement}{FLAGS}".encode()).hexdigest()[:16]
    folder = bootstrap.wheel_folder(mark)
    if not any(folder.glob("*.whl")):
        bootstrap.say("Building the part of OpenCV that she needs; this takes about eight minutes, once ...")
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "opencv.txt"
        source.write_text(requirement, encoding="utf-8")
        command = [sys.executable, *bootstrap.PIP, "wheel", "--quiet", "--no-deps", "--no-cache-dir"]
        command += ["--no-binary", NAME, "--require-hashes", "-w", str(folder), "-r", str(source)]
        subprocess.check_call(command, env=os.environ | {"CMAKE_ARGS": FLAGS})
    return next(folder.glob("*.whl"))
