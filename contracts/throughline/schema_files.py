"""The published form of the contracts: a JSON Schema per message and version, and one AsyncAPI 3 document of the flow.

``python -m throughline.schema_files write DIR`` writes them, ``check DIR`` fails where a file differs from the models.
``breaking_changes`` tells what in a new schema would surprise who speaks or hears the old one.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from throughline import flow
from throughline.message import REGISTRY, Message

Schema = dict[str, Any]

_ANNOTATIONS = {"title", "description", "default", "examples"}


def schema_of(message: type[Message]) -> Schema:
    """The JSON Schema of a message's value."""
    schema = message.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": message.dataschema(),
        **schema,
    }


def files() -> dict[str, str]:
    """Every generated file by name."""
    made = {
        f"{name}.v{version}.schema.json": _text(schema_of(message))
        for (name, version), message in sorted(published().items())
    }
    made["asyncapi.json"] = _text(asyncapi())
    return made


def published() -> dict[tuple[str, int], type[Message]]:
    """Every message of the contracts by name and version; who uses them may have registered others, for tests say."""
    home = Message.__module__.partition(".")[0] + "."  # not ours: that is __main__ where it is run
    return {key: message for key, message in REGISTRY.items() if message.__module__.startswith(home)}


def asyncapi() -> Schema:
    """Topics as channels, and for each service what it sends and receives."""
    channels: Schema = {}
    operations: Schema = {}
    for topic in flow.TOPICS:
        channel = _identifier(topic.name)
        messages = {one.__name__: {"$ref": f"#/components/messages/{one.__name__}"} for one in topic.messages}
        channels[channel] = {
            "address": topic.name.replace("*", "{member}"),
            "description": f"{topic.kind}; key: {topic.key}; kept {topic.retention_days} days",
            "messages": messages,
            "bindings": {
                "kafka": {
                    "topic": topic.name,
                    "partitions": topic.partitions,
                    "topicConfiguration": {
                        "retention.ms": topic.retention_days * 86_400_000,
                        "max.message.bytes": topic.message_bytes_max,
                    },
                }
            },
        }
        if topic.is_family:
            channels[channel]["parameters"] = {
                "member": {"description": "the partner's or the service's name"}
            }
        for action, services in (("send", topic.speaks), ("receive", topic.hears)):
            for service in services:
                operations[_identifier(f"{service}.{action}.{topic.name}")] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{channel}"},
                    "tags": [{"name": service}],
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Throughline",
            "version": "1",
            "description": "Every healthcare payment, from request to remittance, on one line.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {one.__name__: _message(one) for one in _current_messages()}},
    }


def breaking_changes(old: Schema, new: Schema, path: str = "") -> list[str]:
    """What breaks whoever speaks or hears by the old schema. Optional fields and more enum values do not."""
    found: list[str] = []
    for name in sorted(set(old.get("properties", {})) - set(new.get("properties", {}))):
        found.append(f"{path}/{name}: removed")
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        found.append(f"{path}/{name}: became required")
    for key in ("properties", "$defs"):
        for name in sorted(set(old.get(key, {})) & set(new.get(key, {}))):
            found += breaking_changes(old[key][name], new[key][name], f"{path}/{name}")
    if not set(old.get("enum", [])) <= set(new.get("enum") or old.get("enum", [])):
        found.append(f"{path}: enum values removed")
    if "enum" in new and "enum" not in old and "const" not in old:
        found.append(f"{path}: became an enum")
    structural = _ANNOTATIONS | {"properties", "required", "$defs", "enum"}
    for key in sorted((set(old) | set(new)) - structural):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "items" and isinstance(before, dict) and isinstance(after, dict):
            found += breaking_changes(before, after, f"{path}[]")
        elif key == "pattern" and _opens(old, new):
            continue
        else:
            found.append(f"{path}: {key} changed from {before!r} to {after!r}")
    return found


def _opens(old: Schema, new: Schema) -> bool:
    """A closed list became a pattern that all its values match: more values, as by a longer list."""
    listed = old.get("enum", [])
    return bool(listed) and "enum" not in new and all(re.search(new["pattern"], one) for one in listed)


def _current_messages() -> list[type[Message]]:
    return sorted({one for topic in flow.TOPICS for one in topic.messages}, key=lambda one: one.__name__)


def _message(message: type[Message]) -> Schema:
    return {
        "name": message.type_name(),
        "title": message.__name__,
        "summary": (message.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{message.__name__}.v{message.VERSION}.schema.json"},
        },
    }


def _identifier(name: str) -> str:
    return name.replace(".*", "-each").replace(".", "-").replace(" ", "-").replace("*", "each")


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the files in a directory. Returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("write", "check"):
        sys.stderr.write("usage: python -m throughline.schema_files write|check DIR\n")
        return 2
    folder, made = Path(arguments[1]), files()
    if arguments[0] == "write":
        folder.mkdir(parents=True, exist_ok=True)
        for stale in {path.name for path in folder.glob("*.json")} - set(made):
            (folder / stale).unlink()
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
        return 0
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    wrong = sorted(name for name in set(made) | set(there) if made.get(name) != there.get(name))
    for name in wrong:
        sys.stderr.write(f"{name} is not what the models generate: run `make schemas`\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
