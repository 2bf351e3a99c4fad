"""A headless Chromium, spoken to over a pipe: no driver, no port, no other host."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

# The browser reads commands from file 3 and writes to file 4.
_ON_3_AND_4 = """
import os, sys
ends = [os.dup(int(end)) for end in sys.argv[1:3]]
ends = [end if end > 4 else os.dup(os.dup(os.dup(end))) for end in ends]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium():
    """Return the program's path, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """One page at a time; ``said`` collects console messages, ``asked`` the addresses loaded."""

    def __init__(self, program, *more_flags):
        self._profile = tempfile.TemporaryDirectory(prefix="flurbuch-browser-")
        from_browser, to_us = os.pipe()
        from_us, to_browser = os.pipe()
        flags = [*FLAGS, *more_flags, f"--user-data-dir={self._profile.name}"]
        self._child = subprocess.Popen(
            [sys.executable, "-c", _ON_3_AND_4, str(from_us), str(to_us), program, *flags],
            pass_fds=(from_us, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(to_us)
        self._in, self._out = from_browser, to_browser
        self._rest, self._number, self._session = b"", 0, None
        self.said, self.asked, self._loaded = [], [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        """End the browser and remove its profile."""
        self._child.terminate()
        self._child.wait(20)
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile.name, ignore_errors=True)
        self._profile.cleanup()

    def call(self, method, **parameters):
        """Call a method of the DevTools protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url, *, width=1280, height=900, dark=False):
        """Load a page and forget what the one before said."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.said, self.asked, self._loaded = [], [], False
        self.call("Page.navigate", url=url)
        self._wait()

    def submit(self, selector):
        """Press the button of a form and wait for the page that answers."""
        self._loaded = False
        self.ask(f"document.querySelector('{selector} button').click()")
        self._wait()

    def _wait(self):
        deadline = monotonic() + 30
        while not self._loaded and monotonic() < deadline:
            self._next()

    def ask(self, expression):
        """Return the value of a JavaScript expression on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    def picture(self, path: Path):
        """Write the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def tab(self):
        """Press the tabulator."""
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, **key)

    def _next(self):
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 16)
            if not read:
                raise RuntimeError("the browser has gone")
            self._rest += read
        text, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(text)
        match message.get("method"):
            case "Log.entryAdded":
                self.said.append(message["params"]["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(str(message["params"]))
            case "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            case "Page.loadEventFired":
                self._loaded = True
        return message
