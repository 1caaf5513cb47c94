from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.core.errors import ModelError, ModelMissing
from alisa_desktop.core.messages import Choice, Message, Prompt, Role, Sampling, Usage
from alisa_desktop.model.completions import (
    BadEvent,
    chat_address,
    estimated_tokens,
    event_text,
    event_usage,
    is_last,
    models_address,
    parse_line,
    request_body,
    server_message,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text()
            | st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "usage",
                    "prompt_tokens",
                    "completion_tokens",
                    "prompt_tokens_details",
                    "error",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1/chat/completions"),
        (" http://localhost:1234/v1/ ", "http://localhost:1234/v1/chat/completions"),
        ("http://[::1]:11434", "http://[::1]:11434/v1/chat/completions"),
        ("https://example.org/api/v1", "https://example.org/api/v1/chat/completions"),
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://127.0.0.1:11434/api", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://127.0.0.1:1234/v1/models", "http://127.0.0.1:1234/v1/chat/completions"),
        ("http://127.0.0.1:1234/v1/completions", "http://127.0.0.1:1234/v1/chat/completions"),
        ("https://h/v1/chat/completions?version=3", "https://h/v1/chat/completions?version=3"),
        ("https://me:secret@h:1/v1#top", "https://h:1/v1/chat/completions"),
    ],
)
def test_addresses_are_completed(typed: str, address: str) -> None:
    assert str(chat_address(typed)) == address
    assert chat_address(address) == address


def test_models_are_listed_beside_the_chat() -> None:
    assert str(models_address(chat_address("http://h/openai/v1"))) == "http://h/openai/v1/models"


@pytest.mark.parametrize("typed", ["", "8080", "ftp://x", "http://", "localhost:8080", "http://a:b:c"])
def test_what_is_no_address_is_missing(typed: str) -> None:
    with pytest.raises(ModelMissing, match="no server address"):
        chat_address(typed)


def test_a_request_has_only_fields_that_every_server_knows() -> None:
    prompt = Prompt((Message(Role.USER, "hi"),), Sampling(0.5, 0.8, max_tokens=7), Choice("<", ("a",), ">"))
    assert request_body(prompt, "m", with_usage=True) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "temperature": 0.5,
        "top_p": 0.8,
        "max_tokens": 7,
        "stream_options": {"include_usage": True},
    }
    assert "stream_options" not in request_body(prompt, "m", with_usage=False)
    assert "max_tokens" not in request_body(Prompt(()), "m", with_usage=False)


def test_reasoning_is_not_part_of_the_reply() -> None:
    event = parse_line('data: {"choices": [{"delta": {"reasoning_content": "hmm", "content": null}}]}')
    assert event is not None
    assert event_text(event) == ""


def test_events() -> None:
    assert parse_line(": keep-alive") is None
    assert parse_line("event: x") is None
    assert parse_line("data: [DONE]") == {}
    assert parse_line('{"error": "gone"}') == {"error": "gone"}
    assert parse_line('error: {"code": 500, "message": "gone"}') == {"error": {"code": 500, "message": "gone"}}
    for other in ("{", '{"hello": 1}', "error: [1]", "event: error"):
        assert parse_line(other) is None
    event = parse_line('data:{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}')
    assert event is not None
    assert (event_text(event), is_last(event)) == ("hi", True)
    usage = {"usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}}
    assert event_usage(usage) == Usage(9, 5, 2)


@settings(max_examples=60)
@given(st.text())
def test_any_line_is_an_event_or_a_named_error(line: str) -> None:
    with suppress(BadEvent):
        parse_line("data:" + line)


@settings(max_examples=60)
@given(json_values)
def test_any_event_is_read_without_a_fuss(value: object) -> None:
    with suppress(BadEvent):
        event = parse_line("data: " + json.dumps(value)) or {}
        assert isinstance(event_text(event), str)
        event_usage(event)
        is_last(event)
    assert len(server_message(json.dumps(value))) <= 200


@settings(max_examples=60)
@given(st.lists(st.text()))
def test_the_estimate_grows_with_the_words(texts: list[str]) -> None:
    messages = [Message(Role.USER, text) for text in texts]
    assert estimated_tokens(messages) >= sum(6 + len(text.split()) * 1.5 for text in texts)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"error": {"message": "out of\\nmemory", "code": 7}}', "out of memory"),
        ('{"error": "model not found"}', "model not found"),
        ('{"detail": [1]}', ""),
        ("plain words", "plain words"),
        ("<html><body>502</body></html>", ""),
        ("", ""),
        ('{"error": "a\\u202eb\\u0007c"}', "abc"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_the_servers_reason_is_one_line(body: str, shown: str) -> None:
    assert server_message(body) == shown


RED = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


def test_a_picture_goes_with_the_last_message_of_the_user() -> None:
    talk = (Message(Role.SYSTEM, "s"), Message(Role.USER, "hi"), Message(Role.ASSISTANT, "yes?"))
    body = request_body(
        Prompt(
            (
                *talk,
                Message(Role.USER, "look"),
            ),
            picture=RED,
        ),
        "m",
        with_usage=False,
    )
    *before, last = body["messages"]
    assert before == request_body(Prompt(talk), "m", with_usage=False)["messages"]
    picture = {"type": "image_url", "image_url": {"url": RED}}
    assert last == {"role": "user", "content": [{"type": "text", "text": "look"}, picture]}


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "file:///etc/hostname", "data:text/plain;base64,aGk="]
)
def test_a_server_is_never_told_to_fetch_a_picture(address: str) -> None:
    with pytest.raises(ModelError, match="PNG and JPEG"):
        request_body(Prompt((Message(Role.USER, "look"),), picture=address), "m", with_usage=False)
