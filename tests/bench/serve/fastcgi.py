"""nginx before two FastCGI processes, as MapServer and QGIS Server are run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.serve.servers import WORKERS, Server, free_port, program, running

_NGINX = "/usr/sbin/nginx"


def missing() -> str:
    """Return what is not installed; nothing if all is."""
    absent = (name for name in ("nginx", "spawn-fcgi") if not program(name, f"/usr/sbin/{name}"))
    return next(absent, "")


@contextmanager
def fastcgi(command: str | Path, env: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Run a FastCGI program behind nginx until the block ends."""
    nginx, spawn = program("nginx", _NGINX), program("spawn-fcgi")
    assert nginx
    assert spawn
    ports = [free_port() for _ in range(WORKERS)]
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_config(port, ports, folder), encoding="ascii")
    workers = [[spawn, "-n", "-a", "127.0.0.1", "-p", str(p), "--", command] for p in ports]
    with (
        running(*workers, log=folder / "log", env=env) as behind,
        running([nginx, "-c", config, "-p", folder], log=folder / "log") as before,
    ):
        yield Server(port, (*behind, *before))


def _config(port: int, ports: list[int], folder: Path) -> str:
    upstream = " ".join(f"server 127.0.0.1:{p};" for p in ports)
    scratch = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    passed = {
        "QUERY_STRING": "$query_string",
        "REQUEST_METHOD": "$request_method",
        "CONTENT_TYPE": "$content_type",
        "CONTENT_LENGTH": "$content_length",
        "REQUEST_URI": "$request_uri",
        "PATH_INFO": "$uri",
        "SCRIPT_NAME": '""',
        "SERVER_PROTOCOL": "$server_protocol",
        "SERVER_ADDR": "$server_addr",
        "SERVER_PORT": "$server_port",
        "SERVER_NAME": "$server_addr",
        "HTTP_HOST": "$http_host",
    }
    params = "\n".join(f"      fastcgi_param {name} {value};" for name, value in passed.items())
    return f"""
daemon off; worker_processes {WORKERS}; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000; tcp_nodelay on; {scratch}
  fastcgi_buffers 64 64k; fastcgi_buffer_size 64k; fastcgi_max_temp_file_size 0;
  upstream behind {{ {upstream} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
{params}
      fastcgi_pass behind; fastcgi_read_timeout 300;
    }}
  }}
}}
"""
