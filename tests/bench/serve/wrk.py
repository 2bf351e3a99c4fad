"""Load by wrk, a client that costs little."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.load import Load

_SCRIPT = """
local paths, at = {}, 0
init = function(given)
  for line in io.lines(given[1]) do paths[#paths + 1] = line end
end
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
done = function(all, wait)
  local lost = all.errors.status + all.errors.timeout + all.errors.connect + all.errors.read
  local form = '\\nWRK {"answers":%d,"size":%d,"wall_s":%f,"p50_ms":%f,"p99_ms":%f,"lost":%d}\\n'
  local p50, p99 = wait:percentile(50) / 1e3, wait:percentile(99) / 1e3
  io.write(string.format(form, all.requests, all.bytes, all.duration / 1e6, p50, p99, lost))
end
"""


class LostAnswersError(Exception):
    """Some answers were no success, or did not come."""


def missing() -> str:
    """Return what is not installed; nothing if all is."""
    return "" if shutil.which("wrk") else "wrk"


def wrk(
    port: int,
    paths: Sequence[str],
    seconds: float,
    clients: int,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Ask for the paths, over and over, for some seconds.

    Raises
    ------
    LostAnswersError
        An answer was no success, or did not come.
    """
    with TemporaryDirectory() as scratch:
        script, listed = Path(scratch) / "paths.lua", Path(scratch) / "paths.txt"
        script.write_text(_SCRIPT, encoding="utf-8")
        listed.write_text("".join(path + "\n" for path in paths), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run(
            [*command, "-s", str(script), f"http://127.0.0.1:{port}", "--", str(listed)],
            capture_output=True,
            text=True,
            check=True,
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("WRK "))
    told = json.loads(line.removeprefix("WRK "))
    if lost := told.pop("lost"):
        raise LostAnswersError(f"{lost} of {told['answers']} answers are lost: {paths[0]}")
    return Load(**told)
