"""Every command explains itself, speaks JSON, and ends with the status it promises."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "flurbuch"
COMMANDS = (
    ["layers"],
    ["ingest"],
    ["quarantine"],
    ["merge"],
    ["tiles", "export"],
    ["tiles", "merge"],
    ["check", "parcels"],
    ["find"],
    ["dossier"],
    ["history"],
    ["print", "flurkarte"],
    ["serve"],
    ["work"],
    ["pmtiles"],
    ["grids", "add"],
    ["grids", "list"],
    ["doctor"],
)


def flurbuch(*arguments: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    options = ["--data", str(data)] if data else []
    return subprocess.run(
        [PROGRAM, *options, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_list_of_commands_here_is_complete():
    shown = flurbuch("--help").stdout
    assert {c[0] for c in COMMANDS} == {
        line.split()[1] for line in shown.split("Commands")[1].splitlines() if line[2:3].isalpha()
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_examples_and_exit_statuses(command):
    shown = flurbuch(*command, "--help")
    assert shown.returncode == 0
    assert "Example" in shown.stdout
    assert "Exit status" in shown.stdout


@pytest.mark.parametrize(
    "command",
    [["layers"], ["doctor"], ["grids", "list"], ["find", "Flur"]],
    ids=" ".join,
)
def test_json_is_one_document_on_stdout(command, demo_store):
    shown = flurbuch(*command, "--json", data=demo_store)
    json.loads(shown.stdout)


def test_refused_rows_come_one_json_object_a_line(demo_store):
    lines = flurbuch("quarantine", "trees", "--json", data=demo_store).stdout.splitlines()
    assert lines
    for line in lines:
        assert {"file", "row", "field", "found", "expected"} <= json.loads(line).keys()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param(["nonsense"], 2, "nonsense", id="unknown-command"),
        pytest.param(["ingest", "nix", "a.csv"], 2, "nix", id="unknown-layer"),
        pytest.param(["--municipality", "atlantis", "merge"], 2, "krefeld", id="no-such-town"),
        pytest.param(["dossier", "05304"], 1, "05304", id="no-key"),
        pytest.param(["serve", "--cert", "a.pem"], 2, "--key", id="half-a-certificate"),
        pytest.param(
            ["print", "flurkarte", "--parcel", "x", "--scale", "7", "--out", "a.pdf"],
            2,
            "1:500",
            id="no-such-scale",
        ),
    ],
)
def test_a_mistake_ends_with_one_clear_message(arguments, status, said, demo_store, tmp_path):
    ended = subprocess.run(
        [PROGRAM, "--data", str(demo_store), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert ended.returncode == status, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_data_directory_it_says_what_to_do(tmp_path):
    ended = flurbuch("find", "Krefeld 1 1", data=tmp_path / "none")
    assert ended.returncode == 1
    assert "ingest" in ended.stderr


def test_an_address_that_is_taken_is_said_plainly(demo_store):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = flurbuch("serve", "--port", port, data=demo_store)
    assert ended.returncode == 2
    assert port in ended.stderr
    assert "--port" in ended.stderr


def test_a_faulty_setting_is_named(tmp_path):
    (tmp_path / "flurbuch.toml").write_text("portt = 1\n")
    ended = subprocess.run(
        [PROGRAM, "layers"], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert ended.returncode == 2
    assert "portt" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_doctor_finds_a_sound_installation(demo_store):
    shown = flurbuch("doctor", "--json", data=demo_store)
    findings = json.loads(shown.stdout)
    assert shown.returncode == 0, [f for f in findings if f["verdict"] == "error"]
    assert {"Python", "fonts", "store", "datum grid for DHDN"} & {f["check"] for f in findings}


@pytest.mark.parametrize("ending", [".html", ".json", ".pdf"])
def test_a_dossier_is_one_file_that_needs_no_other(ending, demo_store, demo_city, tmp_path):
    out = tmp_path / f"akte{ending}"
    key = demo_city.truth.showcase_parcel
    assert flurbuch("dossier", key, "--out", str(out), data=demo_store).returncode == 0
    content = out.read_bytes()
    assert len(content) > 2000
    if ending == ".html":
        assert key.encode() in content
        assert b"<svg" in content
        assert b'href="/' not in content
        assert b"src=" not in content
