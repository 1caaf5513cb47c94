"""Every setting, declared once: type, default, bounds, title and help; the settings window builds itself from this."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from alisa_desktop.core.sight import Consent
from alisa_desktop.core.updates import REPOSITORY

OF_FILE = ("model_source", "model_file", "context_tokens")
"""The settings that say which file she thinks with."""


class ModelSource(StrEnum):
    """Where the words come from."""

    BUILTIN = "builtin"
    FILE = "file"
    SERVER = "server"


class Appearance(StrEnum):
    """Colours of windows and bubble."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Settings(BaseModel):
    """The user's choices.

    `json_schema_extra` tells the window the group, the labels of choices, the kind of field and `when` it applies. What
    has none is no choice and not in the window: it is only kept.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True)

    model_source: ModelSource = Field(
        ModelSource.BUILTIN,
        title="Model",
        description="What Alisa thinks with.",
        json_schema_extra={
            "group": "Model",
            "labels": {
                "builtin": "Built-in starter brain",
                "file": "A model file (GGUF) of mine",
                "server": "A server (OpenAI-compatible)",
            },
        },
    )
    model_file: str = Field(
        "",
        title="Model file",
        description="Path of a .gguf file. ~ stands for your home folder.",
        json_schema_extra={
            "group": "Model",
            "kind": "file",
            "filter": "GGUF models (*.gguf)",
            "when": {"model_source": "file"},
        },
    )
    context_tokens: int = Field(
        4096,
        ge=256,
        le=131072,
        title="Context",
        description="How much of the talk the model sees at once, in tokens. Larger needs more memory.",
        json_schema_extra={"group": "Model", "when": {"model_source": "file"}, "unit": "tokens", "step": 1024},
    )
    server_url: str = Field(
        "http://127.0.0.1:8080/v1/chat/completions",
        title="Server address",
        description="The chat-completions address of llama-server, LM Studio, Ollama, vLLM or the like.",
        json_schema_extra={"group": "Model", "kind": "url", "when": {"model_source": "server"}},
    )
    server_model: str = Field(
        "llama-3.2-3b-instruct",
        title="Model name",
        description="The name the server knows the model by.",
        json_schema_extra={"group": "Model", "when": {"model_source": "server"}},
    )
    server_key: SecretStr = Field(
        SecretStr(""),
        exclude=True,  # lives in the keyring of the system, never in the settings file
        title="Key",
        description="Only if the server asks for one. Kept in the keyring of your system.",
        json_schema_extra={"group": "Model", "kind": "secret", "when": {"model_source": "server"}},
    )
    server_sees: bool = Field(
        False,
        title="It can see pictures",
        description="Look now then sends a small picture of the window in front to that server, too.",
        json_schema_extra={"group": "Model", "when": {"model_source": "server"}},
    )
    mode: str = Field(
        "default",
        title="Personality",
        description="How Alisa talks to you.",
        json_schema_extra={"group": "Alisa", "kind": "mode"},
    )
    avatar_height: int = Field(
        240,
        ge=96,
        le=480,
        title="Size",
        description="Height of Alisa on the desktop, in device-independent pixels.",
        json_schema_extra={"group": "Alisa", "unit": "px", "step": 16},
    )
    appearance: Appearance = Field(
        Appearance.SYSTEM,
        title="Colours",
        description="Light or dark bubble and windows.",
        json_schema_extra={
            "group": "Alisa",
            "labels": {"system": "Like the system", "light": "Light", "dark": "Dark"},
        },
    )
    reduced_motion: bool = Field(
        False,
        title="Less motion",
        description="No breathing, blinking or cross-fades.",
        json_schema_extra={"group": "Alisa"},
    )
    start_hidden: bool = Field(
        False,
        title="Start hidden",
        description="Begin in the tray without showing Alisa, also when you start her yourself.",
        json_schema_extra={"group": "Alisa"},
    )
    detailed_log: bool = Field(
        False,
        exclude=True,  # off again at the next start
        title="Detailed log",
        description="Until you quit, everything goes into a log of its own, also what is said and seen. "
        "Don't give that file to others unread.",
        json_schema_extra={"group": "Alisa"},
    )
    tell_updates: bool = Field(
        False,
        title="Tell me when there is a new version",
        description="Asks for the list of my releases once a day and says nothing about you. Nothing is downloaded.",
        json_schema_extra={"group": "Alisa"},
    )
    update_feed: str = Field(
        f"https://api.github.com/repos/{REPOSITORY}/releases/latest" if REPOSITORY else "",
        title="Where new versions are told of",
        description="The address of a release at GitHub: https://api.github.com/repos/OWNER/NAME/releases/latest.",
        json_schema_extra={"group": "Alisa", "when": {"tell_updates": True}},
    )
    bubble_fade_seconds: int = Field(
        20,
        ge=0,
        le=600,
        title="Bubble fades after",
        description="Seconds without a word until the bubble fades; 0 keeps it.",
        json_schema_extra={"group": "Bubble", "unit": "s", "step": 5},
    )
    bubble_pinned: bool = Field(
        False,
        title="Keep the bubble open",
        description="The bubble stays until you hide it.",
        json_schema_extra={"group": "Bubble"},
    )
    vision: Consent = Field(
        Consent.OFF,
        title="She may see the screen",
        description="The application in front, its text and, for models that can see, its picture.",
        json_schema_extra={
            "group": "Eyes",
            "kind": "consent",
            "labels": {"off": "Never", "ask": "Only when I ask", "aware": "Stay aware"},
        },
    )
    never_look_at: str = Field(
        "",
        title="Never look at",
        description="Words of window titles or applications, separated by commas. Password managers, banks and private "
        "windows are left out anyway.",
        json_schema_extra={"group": "Eyes"},
    )
    look_hotkey: str = Field(
        "Ctrl+Alt+L",
        title="Keys for a look",
        description="Works in every application. Empty for none.",
        json_schema_extra={"group": "Eyes", "kind": "hotkey"},
    )
    screen_text_to_overlays: bool = Field(
        False,
        title="Tell overlays the text, too",
        description="Overlays on this machine get to know the application and the title; with this also what it says.",
        json_schema_extra={"group": "Eyes", "when": {"endpoint_on": True}},
    )
    endpoint_on: bool = Field(
        True,
        title="Serve overlays on this machine",
        description="A WebSocket for overlays, reachable from this machine only.",
        json_schema_extra={"group": "Overlays"},
    )
    endpoint_port: int = Field(
        8000,
        ge=1024,
        le=65535,
        title="Port",
        description="When it is taken, the next free one is used and shown in the tray menu.",
        json_schema_extra={"group": "Overlays", "when": {"endpoint_on": True}},
    )
    endpoint_token: str = Field(
        "",
        max_length=200,
        repr=False,
        title="Token",
        description="When set, clients must give it. Worth it where other people use this computer, too.",
        json_schema_extra={"group": "Overlays", "kind": "token", "when": {"endpoint_on": True}},
    )
    endpoint_origins: str = Field(
        "",
        max_length=4000,
        title="Pages that may connect",
        description="Web pages besides Alisa's own, like http://localhost:3000, separated by commas. "
        "The overlay page that she serves herself needs none of this. "
        "“null” stands for pages without an address: with it any web page can get in, so set a token, too.",
        json_schema_extra={"group": "Overlays", "kind": "origins", "when": {"endpoint_on": True}},
    )
    idle_minutes: int = Field(
        10,
        ge=0,
        le=240,
        title="Rest after",
        description="Minutes without a word until her memory is given back; she wakes up when you type. 0: never.",
        json_schema_extra={"group": "Model", "unit": "min", "step": 5},
    )
    welcome_shown: bool = False
    """Whether the welcome was seen or skipped."""
    starter_hint_shown: bool = False
    """Whether the user was told once that she begins with her starter brain."""
    vision_explained: bool = False
    """Whether the user was told once what her eyes see, when, and what is kept."""
    vision_paused_until: AwareDatetime | None = None
    """Until when her eyes are shut for a while."""
