"""Sign a program for Windows, where a certificate is at hand: `python -m installer.sign FILE`.

`ALISA_CERTIFICATE` names the certificate with its key (a .pfx file), `ALISA_CERTIFICATE_PASSWORD` its password, and
`ALISA_TIMESTAMP_URL` a server that proves when it was signed, so that the signature outlives the certificate. Without
the first nothing is signed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def has_certificate() -> bool:
    """Whether there is something to sign with."""
    return bool(os.environ.get("ALISA_CERTIFICATE"))


def sign(program: Path) -> None:
    """Sign the program in place, with osslsigncode.

    Raises `subprocess.CalledProcessError` where the tool refuses, `OSError` where it is not there.
    """
    certificate = os.environ["ALISA_CERTIFICATE"]
    password = os.environ.get("ALISA_CERTIFICATE_PASSWORD", "")
    clock = os.environ.get("ALISA_TIMESTAMP_URL", "")
    with tempfile.TemporaryDirectory() as folder:
        signed, secret = Path(folder) / program.name, Path(folder) / "password"
        secret.write_text(password, encoding="utf-8")
        stamp = ["-ts", clock] if clock else []
        command = ["osslsigncode", "sign", "-pkcs12", certificate, "-readpass", str(secret), "-h", "sha256", *stamp]
        command += ["-n", "Alisa", "-in", str(program), "-out", str(signed)]
        subprocess.check_call(command, stdout=subprocess.DEVNULL)
        shutil.copyfile(signed, program)


if __name__ == "__main__":
    sign(Path(sys.argv[1]))
