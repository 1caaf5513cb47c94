from __future__ import annotations

from pathlib import Path

import pytest

from alisa_desktop.model.beside import chosen_projector, projector_beside

QWEN = "Qwen_Qwen3-VL-4B-Instruct-Q4_K_M.gguf"
QWEN_EYES = "mmproj-Qwen_Qwen3-VL-4B-Instruct-f16.gguf"
SMALL_QWEN_EYES = "mmproj-Qwen_Qwen3-VL-2B-Instruct-f16.gguf"
GEMMA = "gemma-3-4b-it-UD-Q4_K_XL.gguf"
NAMELESS = "mmproj-F16.gguf"
STARTER = "alisa-starter.gguf"


@pytest.mark.parametrize(
    ("model", "others", "chosen"),
    [
        (QWEN, [QWEN_EYES], QWEN_EYES),
        (QWEN, [SMALL_QWEN_EYES, QWEN_EYES, NAMELESS, STARTER], QWEN_EYES),
        (GEMMA, ["mmproj-google_gemma-3-4b-it-f16.gguf", QWEN_EYES], "mmproj-google_gemma-3-4b-it-f16.gguf"),
        (
            "SmolVLM-500M-Instruct-Q8_0.gguf",
            ["mmproj-SmolVLM-500M-Instruct-Q8_0.gguf"],
            "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf",
        ),
        ("llava-7b.gguf", ["llava.mmproj-f16.gguf", "llava-7b.MMPROJ-f16.GGUF"], "llava-7b.MMPROJ-f16.GGUF"),
        (GEMMA, [NAMELESS], NAMELESS),
        (GEMMA, ["mmproj-model-f16.gguf", QWEN_EYES], "mmproj-model-f16.gguf"),
        ("renamed.gguf", [QWEN_EYES], QWEN_EYES),
        ("renamed.gguf", [QWEN_EYES, QWEN], None),
        (STARTER, [QWEN_EYES, QWEN], None),
        (STARTER, [QWEN_EYES, SMALL_QWEN_EYES], None),
        (GEMMA, [QWEN], None),
        (QWEN_EYES, [QWEN_EYES], None),
    ],
)
def test_the_projector_is_known_by_its_name(model: str, others: list[str], chosen: str | None) -> None:
    assert chosen_projector(model, [model, *others]) == chosen
    assert chosen_projector(model, [*reversed(others), model]) == chosen


def test_the_folder_is_looked_through(tmp_path: Path) -> None:
    model, eyes = tmp_path / QWEN, tmp_path / QWEN_EYES
    assert projector_beside(tmp_path / "nowhere" / QWEN) is None
    for name in (QWEN, f"{QWEN_EYES}.part", "mmproj-notes.txt"):
        (tmp_path / name).touch()
    assert projector_beside(model) is None
    eyes.touch()
    assert projector_beside(model) == eyes
