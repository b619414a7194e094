"""A stand-in for OpenAI's API: the model `broken` answers 500, `hangs` after five seconds, all others at once."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}
PART = {"type": "output_text", "text": "hello", "annotations": []}
MESSAGE = {"type": "message", "id": "m1", "status": "completed", "role": "assistant", "content": [PART]}


@contextlib.contextmanager
def model_api() -> Iterator[str]:
    """The address of a running stand-in."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self._body())
        model = asked["model"]
        if model == "hangs":
            time.sleep(5)
        if model == "broken":
            self._answer({"error": {"message": "planted broken", "type": "server_error", "code": "broken"}}, 500)
        elif self.path.endswith("/embeddings"):
            self._answer(_embedding(model))
        elif self.path.endswith("/responses"):
            self._answer(_response(f"{model}-2026-01-01"))
        elif asked.get("stream"):
            self._send(_stream(f"{model}-2026-01-01"), "text/event-stream")
        else:
            self._answer(_chat(f"{model}-2026-01-01"))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, found: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(found).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # a client that waited long enough has gone
            self.close_connection = True


def _chat(model: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": USAGE,
    }


def _stream(model: str) -> bytes:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}
    deltas: list[tuple[dict[str, str], str | None]] = [
        ({"role": "assistant", "content": "hel"}, None),
        ({"content": "lo"}, "stop"),
    ]
    chunks: list[dict[str, Any]] = [
        head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
    ]
    chunks.append(head | {"choices": [], "usage": USAGE})
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


def _embedding(model: str) -> dict[str, Any]:
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
    return {"object": "list", "model": model, "data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def _response(model: str) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": model,
        "output": [MESSAGE],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 19,
        },
    }
