"""Messages over a pipe: four bytes of length, then JSON. Small facts only; pixels never pass."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

_HEAD = struct.Struct("<I")


def pack(message: dict[str, Any]) -> bytes:
    """Return the bytes of a message."""
    data = json.dumps(message).encode()
    return _HEAD.pack(len(data)) + data


def send(handle: int, message: dict[str, Any]) -> None:
    """Write a message whole.

    Raises:
        BrokenPipeError: nobody reads any more.
    """
    rest = memoryview(pack(message))
    while rest:
        rest = rest[os.write(handle, rest) :]


def receive(handle: int) -> dict[str, Any] | None:
    """Wait for a message; None when the other end is closed or gone."""
    inbox = Inbox(handle)
    while True:
        message = inbox.read()
        if message is not None or inbox.ended:
            return message


class Inbox:
    """What has arrived of the next message; read it when the handle is ready."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.ended = False
        self._data = b""

    def read(self) -> dict[str, Any] | None:
        """Take what is there; return the message once it is whole. It never reads beyond it."""
        wanted = _HEAD.size
        if len(self._data) >= _HEAD.size:
            wanted += _HEAD.unpack(self._data[: _HEAD.size])[0]
        chunk = os.read(self.handle, wanted - len(self._data))
        self.ended = not chunk
        self._data += chunk
        if len(self._data) < wanted or wanted == _HEAD.size:
            return None
        message, self._data = json.loads(self._data[_HEAD.size :]), b""
        return message
