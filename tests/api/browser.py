"""A headless Chromium, spoken to over a pipe: no driver, no port, no other host."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
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


_BOX = """(() => {
  const box = document.querySelector(%s).getBoundingClientRect();
  return JSON.stringify([box.x + scrollX, box.y + scrollY, box.width, box.height]);
})()"""
_COUNT = """
createImageBitmap(new Blob([Uint8Array.from(atob("%s"), (c) => c.charCodeAt(0))])).then((seen) => {
  const canvas = new OffscreenCanvas(seen.width, seen.height), context = canvas.getContext("2d");
  context.drawImage(seen, 0, 0);
  const { data } = context.getImageData(0, 0, seen.width, seen.height), counts = {};
  for (let i = 0; i < data.length; i += 4) {
    const colour = "#" + [0, 1, 2].map((k) => data[i + k].toString(16).padStart(2, "0")).join("");
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return JSON.stringify(counts);
})
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
        # What a page's workers say and ask counts as well.
        self.call(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )

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
        number = self._send(method, self._session, parameters)
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _send(self, method, session, parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._number

    def open(self, url, *, width=1280, height=900, dark=False, **media):
        """Load a page and forget what the one before said; ``media``: prefers_contrast="more"."""
        self.resize(width, height)
        features = {"prefers-color-scheme": "dark" if dark else "light", **media}
        named = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)
        self.said, self.asked, self._loaded = [], [], False
        self.call("Page.navigate", url=url)
        self._wait()

    def resize(self, width, height):
        """Give the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

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

    def until(self, expression, seconds=40):
        """Wait until a JavaScript expression is true; tell whether it is."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if self.ask(f"Boolean({expression})"):
                return True
            sleep(0.1)
        return False

    def colours(self, selector):
        """Return how often each colour is seen where an element is, by a picture of the window."""
        x, y, width, height = json.loads(self.ask(_BOX % json.dumps(selector)))
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        shot = self.call("Page.captureScreenshot", clip=clip)["data"]
        counted = self.call(
            "Runtime.evaluate", expression=_COUNT % shot, awaitPromise=True, returnByValue=True
        )
        return json.loads(counted["result"]["value"])

    def click(self, x, y):
        """Press and release the mouse."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key, code, number):
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=number,
            )

    def picture(self, path: Path):
        """Write the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def tab(self):
        """Press the tabulator."""
        self.press("Tab", "Tab", 9)

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
            case "Target.attachedToTarget" if message.get("sessionId"):
                worker = message["params"]["sessionId"]
                for method in ("Network.enable", "Log.enable", "Runtime.enable"):
                    self._send(method, worker, {})
                self._send("Runtime.runIfWaitingForDebugger", worker, {})
            case "Page.loadEventFired":
                self._loaded = True
        return message
