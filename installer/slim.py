"""Packages that the bundle has with less in them: built once, and kept beside the model's library.

The published OpenCV holds video codecs, neural networks and a library for linear algebra, 150 MB to read text off a
picture; NumPy brings a library for linear algebra as well, 30 MB to work with lists of a few numbers.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import bootstrap

ON_INTEL = platform.machine().lower() in ("x86_64", "amd64")
NUMPY = "numpy"
VISUAL_STUDIO = ("--vsenv",) if sys.platform == "win32" else ()
"""Meson takes any gcc that is on the path before it."""
NUMPY_OPTIONS = (*VISUAL_STUDIO, "-Dcpu-dispatch=none", "-Dblas=none", "-Dlapack=none", "-Dallow-noblas=true")
OPENCV = "opencv-python-headless"
OPENCV_PARTS = "core,geometry,imgproc,imgcodecs,python3"
NOT_OF_OPENCV = (
    *("AVIF", "EIGEN", "FFMPEG", "FLATBUFFERS", "GIF", "GSTREAMER", "IPP", "ITT", "JASPER", "LAPACK", "OPENCL"),
    *("OPENEXR", "OPENJPEG", "PNG", "PROTOBUF", "TIFF", "UNIFONT", "V4L", "WEBP"),
    *(f"IMGCODEC_{kind}" for kind in ("HDR", "PFM", "PXM", "SUNRASTER")),
)
OPENCV_OPTIONS = (
    f"-DBUILD_LIST={OPENCV_PARTS}",
    *(f"-DWITH_{name}=OFF" for name in NOT_OF_OPENCV),
    *(f"-DBUILD_{name}=ON" for name in ("JPEG", "ZLIB")),
    *(f"-DBUILD_{name}=OFF" for name in ("DOCS", "JAVA", "PERF_TESTS", "SHARED_LIBS", "TESTS", "opencv_apps")),
    *("-DCMAKE_BUILD_TYPE=Release", "-DOPENCV_SKIP_PYTHON_LOADER=ON"),
    *(["-DCPU_DISPATCH=SSE4_1,AVX2"] if ON_INTEL else []),  # chosen when it runs
)


def folders() -> list[Path]:
    """The folders with these packages as Python imports them; to build them takes some ten minutes, once.

    Raises `subprocess.CalledProcessError` where that fails.
    """
    return [built(NUMPY, NUMPY_OPTIONS, build_numpy), built(OPENCV, OPENCV_OPTIONS, build_opencv)]


def places() -> list[Path]:
    """Where these folders are, or will be."""
    return [place(NUMPY, NUMPY_OPTIONS), place(OPENCV, OPENCV_OPTIONS)]


def place(name: str, options: tuple[str, ...]) -> Path:
    """Where a package is kept that was built so."""
    return bootstrap.wheel_folder(f"{locked(name)}{options}")


def locked(name: str) -> str:
    """What the lock file says of a package, once for each kind of Python."""
    entries = re.split(r"\n(?=[A-Za-z])", bootstrap.LOCK.read_text(encoding="utf-8").strip())
    return "\n".join(entry for entry in entries if entry.startswith(f"{name}==")) + "\n"


def built(name: str, options: tuple[str, ...], build: Callable[[Path, Path], None]) -> Path:
    """The folder with a package that was built so, or is now; `build` gets the requirement and an empty folder."""
    folder = place(name, options)
    if not folder.exists():
        bootstrap.say(f"Building {name} with only what she needs of it; this takes some minutes, once ...")
        half = folder.with_name(f"{folder.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        with TemporaryDirectory() as work:  # with a Python of its own: Cython does not run from below "Jérôme 田中"
            venv.create(Path(work) / "python", with_pip=True)
            requirement = Path(work) / "requirements.txt"
            requirement.write_text(locked(name), encoding="utf-8")
            build(requirement, half)
        half.rename(folder)
    return folder


def build_numpy(requirement: Path, folder: Path) -> None:
    """Build NumPy by pip, and unpack its wheel."""
    # pip takes no settings on its command line for the packages in a file
    settings = "".join(f' --config-settings "setup-args={option}"' for option in NUMPY_OPTIONS)
    wanted = re.sub(rf"^{NUMPY}==.*(?= \\$)", lambda line: line[0] + settings, requirement.read_text(), flags=re.M)
    requirement.write_text(wanted, encoding="utf-8")
    pip(requirement, "wheel", "--no-binary", NUMPY)
    with zipfile.ZipFile(next(requirement.parent.glob("*.whl"))) as wheel:
        wheel.extractall(folder)


def build_opencv(requirement: Path, folder: Path) -> None:
    """Build OpenCV's module by CMake: the package's own way knows only OpenCV as a whole."""
    work = requirement.parent
    pip(requirement, "download", "--no-binary", OPENCV)
    with tarfile.open(next(work.glob("*.tar.gz"))) as packed:
        packed.extractall(work, filter="data")
    source = next(path for path in work.glob("opencv*") if path.is_dir())
    run = partial(subprocess.check_call, stdout=subprocess.DEVNULL)
    cmake = shutil.which("cmake", path=str(bootstrap.BIN)) or "cmake"
    generator = [] if sys.platform == "win32" else ["-G", "Ninja"]  # where Visual Studio is found without one
    environment = os.environ | {"PATH": os.pathsep.join([str(bootstrap.BIN), os.environ["PATH"]])}
    configure = [cmake, *generator, "-S", str(source / "opencv"), "-B", str(work / "build")]
    run([*configure, *of_this_python(), *OPENCV_OPTIONS], env=environment)
    build = [cmake, "--build", str(work / "build"), "--config", "Release", "--parallel", "--target", "opencv_python3"]
    run(build, env=environment)
    kinds = (".pyd", ".so")
    module = next(path for path in (work / "build" / "lib").rglob("cv2*") if path.suffix in kinds)
    files = [shutil.copy(module, folder / f"cv2{''.join(module.suffixes)}")]
    about = folder / f"{source.name}.dist-info"
    about.mkdir()
    files += [shutil.copy(source / name, about) for name in ("LICENSE.txt", "LICENSE-3RD-PARTY.txt")]
    files.append(shutil.copy(source / "PKG-INFO", about / "METADATA"))
    record = "".join(f"{Path(file).relative_to(folder).as_posix()},,\n" for file in files)
    (about / "RECORD").write_text(record, encoding="utf-8")


def of_this_python() -> list[str]:
    """Tell CMake where this Python is, which it does not find by itself in a virtual environment."""
    import numpy

    version = "".join(map(str, sys.version_info[:2]))
    unix = Path(sysconfig.get_config_var("LIBDIR") or "") / str(sysconfig.get_config_var("LDLIBRARY"))
    library = Path(sys.base_prefix) / "libs" / f"python{version}.lib" if sys.platform == "win32" else unix
    found = {
        "EXECUTABLE": Path(sys.executable),
        "INCLUDE_DIR": Path(sysconfig.get_path("include")),
        "LIBRARY": library,
        "NUMPY_INCLUDE_DIRS": Path(numpy.get_include()),
    }
    return [f"-DPYTHON3_{name}={path.as_posix()}" for name, path in found.items()]


def pip(requirement: Path, task: str, *arguments: str) -> None:
    """Let pip fetch or build what is required, into the folder where that is written."""
    python = requirement.parent / "python" / bootstrap.BIN.name / bootstrap.PYTHON.name
    command = [str(python), *bootstrap.PIP, task, "--quiet", "--no-deps", "--no-cache-dir", "--require-hashes"]
    place = "--wheel-dir" if task == "wheel" else "--dest"
    subprocess.check_call([*command, *arguments, place, str(requirement.parent), "-r", str(requirement)])
