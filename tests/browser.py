"""A headless browser, driven by the DevTools protocol through two pipes: no driver, no port."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from waiting import PATIENCE

PROGRAM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)
# The browser reads commands from descriptor 3 and answers to descriptor 4.
LAUNCH: Final = """
import os, sys
os.dup2(int(sys.argv[1]), 3), os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page; `events` holds what it has reported since it was opened."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        (commands, self._writing), (self._reading, answers) = _pipe(), _pipe()
        launch = [sys.executable, "-c", LAUNCH, str(commands), str(answers), PROGRAM]
        self._process = subprocess.Popen(
            [*launch, *OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._received = b""
        self._session: dict[str, str] = {}
        self._sent = 0
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": session["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and return its answer."""
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": parameters, **self._session}
        os.write(self._writing, json.dumps(command).encode() + b"\0")
        while (message := self._receive()).get("id") != self._sent:
            self.events.append(message)
        assert "error" not in message, message
        found: dict[str, Any] = message["result"]
        return found

    def open(self, page: Path, width: int, scheme: str) -> None:
        """Load a page in a window so wide, light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", features=media)
        self.events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not self.reported("Page.loadEventFired"):
            self.events.append(self._receive())

    def reported(self, *methods: str) -> list[dict[str, Any]]:
        """Return the parameters of the events of some kinds."""
        return [event["params"] for event in self.events if event.get("method") in methods]

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in JavaScript, or of its promise."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        """End the browser."""
        self.send("Browser.close")
        self._process.wait(PATIENCE)
        os.close(self._writing)
        os.close(self._reading)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, *_ = select.select([self._reading], [], [], PATIENCE)
            part = os.read(self._reading, 2**16) if ready else b""
            assert part, "the browser has ended, or does not answer"
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


def _pipe() -> list[int]:
    """Return the ends of a pipe, none of them 3 or 4."""
    ends = os.pipe()
    above = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return above
