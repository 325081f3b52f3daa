"""The page shows what benches measured, where and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from paper_repro.bench.record import read
from paper_repro.hardware.words import rounded
from paper_repro.site.inserts.bench import bench_part

RECORDS = Path(__file__).parents[2] / "benchmarks" / "records"


@pytest.mark.parametrize("path", sorted(RECORDS.glob("bench-*.json")), ids=lambda path: path.name)
def test_every_way_has_a_column_with_its_figures(path):
    page, bench = bench_part(RECORDS), read(path)
    head = f"{bench.image}**, {bench.hardware['name']}, {bench.finished[:10]}"
    own = next(part for part in page.split("**Frames of ") if part.startswith(head))
    lines = [line.strip("| ").split(" | ") for line in own.splitlines() if line.startswith("|")]
    head, rows = lines[0], {cells[0]: cells[1:] for cells in lines[2:]}
    assert set(head) == set(bench.ways)
    for name, way in bench.ways.items():
        column = {figure: cells[head.index(name)] for figure, cells in rows.items()}
        assert column["hours"] == rounded(way.hours)
        assert column["19 times of 20"] == f"{rounded(way.hours_low)} – {rounded(way.hours_high)}"
        assert column["GiB"] == f"{way.peak_bytes / 2**30:.1f}"
        assert not way.kernels or f"{name} {way.kernels:,}" in own
    for trap in bench.traps:
        assert f"- {trap.name}: **{'yes' if trap.here else 'no'}**, {trap.why}." in own


def test_small_frames_come_first():
    page = bench_part(RECORDS)
    assert page.index("**Frames of 224 × 224**") < page.index("**Frames of 1280 × 720**")
