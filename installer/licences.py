"""The licences of all that is in the bundle, collected from what is installed when it is built.

Each package's own texts lie in `licences/<name>/`, and `licences/THIRD_PARTY_LICENCES.txt` holds all of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

from alisa_desktop import __version__

FOLDER = "licences"
WHOLE = "THIRD_PARTY_LICENCES.txt"
TEXTS = Path(__file__).resolve().with_name("texts")
"""Licences of what does not carry its own text, by the package's name."""
MODELS = Path(__file__).resolve().parents[1] / "resources" / "models"
OWN = "alisa-desktop"
LICENCE_FILE = re.compile(r"(.*[-_.])?(licen[cs]es?|copying|notices?|copyright|third.?party.*|authors)([-_.].*)?", re.I)
LINE = "=" * 100

Entry = tuple[str, str, str]


@dataclass
class Part:
    """One piece of others' work: its name, its version, the licence as it states it, and the files of its texts."""

    name: str
    version: str
    licence: str
    address: str = ""
    texts: list[Path] = field(default_factory=list)


def collect(folder: Path, contents: Iterable[Entry]) -> list[Entry]:
    """Write the licences of all that is in the bundle below `folder`, and give them as entries of it.

    Raises `ValueError` for a part that comes without its licence.
    """
    target = folder / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    found = sorted(parts(source for _, source, _ in contents if source), key=lambda part: part.name.lower())
    if without := [part.name for part in found if not part.texts]:
        raise ValueError(f"no text of their licence was found for: {', '.join(without)}")
    for part in found:
        place = target / canonical(part.name)
        place.mkdir()
        for number, text in enumerate(part.texts):
            name = text.name if text.name not in {one.name for one in part.texts[:number]} else f"{number}-{text.name}"
            shutil.copyfile(text, place / name)
    (target / WHOLE).write_text(whole(found), encoding="utf-8")
    return [
        (file.relative_to(folder).as_posix(), str(file), "DATA") for file in sorted(target.rglob("*")) if file.is_file()
    ]


def parts(sources: Iterable[str]) -> Iterator[Part]:
    """Tell whose work the files are: of packages, of Python, and of packages of the system."""
    owners = owners_of_files()
    named: dict[str, Part] = {part.name: part for part in (python(), starter_brain())}
    files = {Path(source).resolve() for source in sources}
    for source in files & owners.keys():
        owner = owners[source]
        name = canonical(owner.metadata["Name"])
        if name != OWN and name not in named:
            named[name] = part_of(owner)
    for part in of_system(sorted(source for source in files - owners.keys() if is_of_system(source))):
        named[part.name] = part
    yield from named.values()


def owners_of_files() -> dict[Path, Distribution]:
    """Give the installed package of every installed file; of two of the same name only the first is used."""
    owners: dict[Path, Distribution] = {}
    for owner in distributions():
        for file in owner.files or ():
            owners.setdefault(Path(str(owner.locate_file(file))).resolve(), owner)
    return owners


def part_of(owner: Distribution) -> Part:
    """What a package states of itself."""
    about, stated = owner.metadata, owner.metadata.json
    licence = str(stated.get("license_expression", ""))
    if not licence:
        classes = [line for line in about.get_all("Classifier") or () if line.startswith("License")]
        licence = ", ".join(line.rpartition(" :: ")[2] for line in classes)
    licence = licence or str(stated.get("license", "")).strip().partition("\n")[0]
    urls = [line.partition(", ")[2] for line in about.get_all("Project-URL") or ()]
    files = [file for file in owner.files or () if LICENCE_FILE.fullmatch(file.name) or "licenses" in file.parts[:-1]]
    texts = [Path(str(owner.locate_file(file))) for file in files if ".py" not in file.suffix]
    texts = [text for text in texts if text.is_file()]
    own = TEXTS / canonical(about["Name"])
    texts += sorted(own.iterdir()) if own.is_dir() else []
    return Part(
        about["Name"], about["Version"], licence, str(stated.get("home_page", "")) or next(iter(urls), ""), texts
    )


def canonical(name: str) -> str:
    """A package's name as all spell it alike: small letters, and hyphens."""
    return re.sub(r"[-_. ]+", "-", name).lower()


def python() -> Part:
    """Python itself and its library."""
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix), Path(sys.base_prefix) / "Resources")
    texts = [place / name for place in places for name in ("LICENSE.txt", "LICENSE") if (place / name).is_file()]
    texts += debian(f"python{sys.version_info.major}.{sys.version_info.minor}") if not texts else []
    return Part("Python", sys.version.split()[0], "PSF-2.0", "https://www.python.org", texts[:1])


def starter_brain() -> Part:
    """The model that comes with Alisa; the part of it that listens began with the weights of others."""
    texts = [MODELS / "alisa-starter.topics.LICENSE", MODELS / "alisa-starter.md"]
    return Part("Starter brain", __version__, "MIT, Apache-2.0", "", texts)


def is_of_system(source: Path) -> bool:
    """Whether a file is a library of the system's, on Linux; elsewhere the bundle has none."""
    homes = [Path(sys.base_prefix) / "lib" / "python", Path(sys.prefix), Path(sys.base_prefix, "local")]
    return sys.platform == "linux" and ".so" in source.name and not any(source.is_relative_to(home) for home in homes)


def of_system(libraries: Iterable[Path]) -> Iterator[Part]:
    """The packages of Debian's that libraries are of."""
    if not shutil.which("dpkg-query"):
        return
    names = [name for one in libraries for name in (str(one), str(one).removeprefix("/usr"))]  # /lib is /usr/lib today
    found = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False).stdout
    packages = sorted({line.partition(":")[0] for line in found.splitlines()})
    show = ["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Homepage}\n", *packages]
    for line in (
        subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines() if packages else ()
    ):
        name, version, address = line.split("\t")
        yield Part(name, version, "see its text", address, debian(name))


def debian(package: str) -> list[Path]:
    """The file in which Debian tells the licences of a package."""
    file = Path("/usr/share/doc") / package / "copyright"
    return [file.resolve()] if file.is_file() else []


def whole(found: Iterable[Part]) -> str:
    """All licences in one text, a list of them first."""
    found = list(found)
    lines = ["The work of others inside of Alisa, with its licences.", ""]
    lines += [
        f"{part.name} {part.version}: {part.licence or 'see its text'}  {part.address}".rstrip() for part in found
    ]
    for part in found:
        lines += ["", LINE, f"{part.name} {part.version}", LINE]
        for text in part.texts:
            lines += ["", text.read_text(encoding="utf-8", errors="replace").strip()]
    return "\n".join(lines) + "\n"
