"""Write the TypeScript types of the endpoint's messages, for the examples.

python tools/make_types.py
"""

from __future__ import annotations

from pathlib import Path

from alisa_desktop.server.schema import typescript

TYPES = Path(__file__).resolve().parent.parent / "resources" / "examples" / "alisa.d.ts"


def main() -> None:
    """Write them to where they are kept."""
    TYPES.parent.mkdir(exist_ok=True)
    TYPES.write_text(typescript(), encoding="utf-8", newline="\n")
    print(TYPES)


if __name__ == "__main__":
    main()
