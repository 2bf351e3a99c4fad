"""Measuring servers with the same parcels side by side; ``tests.bench.bench_serve`` does it.

What is asked
    `parcels` are made up, `asking` has the questions in every server's words, `cadastre` those
    that only the demo city can be asked; `answers` asks once and counts.
Who is asked
    `servers` starts and ends processes; `flurbuch` is ours; a `peer` is another: `tipg`,
    `pygeoapi`, `mapserver` and `qgis_server` behind `fastcgi`, over `postgis`.
What it cost
    `measuring` and `memory`, with load by `wrk`; `table` beside what is required.
"""
