"""The command: ``python -m benchmarks.scale_out --help``; the package's docstring says what is
done."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import benchmarks.scale_out
from benchmarks.scale_out.cut import Cut, check, warm_up
from benchmarks.scale_out.launch import environment, first_failure, run, torchrun
from benchmarks.scale_out.record import Record, completed, merged, together
from benchmarks.speed.contenders import RATE
from paper_repro.errors import UserError
from paper_repro.site.inserts.scale_out import scale_out_page

SIZES, TINY_SIZES = ("224x224", "1288x728"), ("196x56",)
STACK = "Qwen2-VL-2B of random weights in bfloat16, the adapters of stated, tower outputs kept"
TINY_STACK = "the miniature, untrained, in float32, the adapters of stated, tower outputs kept"


def asked() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale_out",
        description=benchmarks.scale_out.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--processes", nargs="+", type=int, default=[1, 2], metavar="N")
    add("--sizes", nargs="+", metavar="WxH", help="of frames, in pixels")
    add("--effective", type=int, default=128, help="samples of a step, over all processes")
    add("--a-pass", type=int, default=16, help="samples of a pass")
    add("--steps", type=int, default=8, help="timed steps")
    add("--tiny", action="store_true", help="the miniature on the CPU")
    add("--keep", type=Path, help="where inputs and compiled code stay for another time")
    add("--limit", type=float, default=300, help="seconds for one number of processes")
    add("--merge", type=existing, help="an earlier record, which this one adds to")
    add("--from", dest="made", type=existing, help="a record; nothing is measured")
    add("--json", type=Path)
    add("--markdown", type=Path)
    options = parser.parse_args()
    options.sizes = options.sizes or list(TINY_SIZES if options.tiny else SIZES)
    return options


def existing(name: str) -> Path:
    """The path of a file that is there."""
    if not Path(name).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {name}")
    return Path(name)


def begun(folder: Path, options: argparse.Namespace, env: dict[str, str]) -> Record:
    """A record without results; the inputs are written.

    Raises:
        UserError: they cannot be written.
    """
    tiny = ["--tiny"] if options.tiny else []
    words = ["benchmarks.speed.inputs", str(folder), *options.sizes, *tiny]
    if failed := run(words, env, folder / "inputs.log", options.limit):
        raise UserError(
            "The inputs of the benchmark cannot be written.",
            expected="a folder with room for a model, and a card if there is one",
            got=failed,
            next_command="python -m benchmarks.scale_out --tiny",
        )
    return {
        "tiny": options.tiny,
        "stack": TINY_STACK if options.tiny else STACK,
        "settings": {
            "effective": options.effective,
            "a_pass": options.a_pass,
            "warm_up": warm_up(options.processes),
            "steps": options.steps,
            "learning_rate": RATE,
        },
        "sizes": {size: read_json(folder / f"{size}.json") for size in options.sizes},
        "processes": {},
    }


def train(folder: Path, world: int, options: argparse.Namespace, env: dict[str, str]) -> Record:
    """What so many processes measured together, and where; ``failed`` says why not all of it."""
    out = folder / f"of-{world}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    settings = {
        "effective": options.effective,
        "a-pass": options.a_pass,
        "warm-up": warm_up(options.processes),
        "steps": options.steps,
    }
    words = [f"--{name}={value}" for name, value in settings.items()]
    command = [*torchrun(world), "benchmarks.scale_out.child", str(folder), str(out)]
    failed = run([*command, *options.sizes, *words], env, folder / f"{world}.log", options.limit)
    ranks = [read_json(out / f"{rank}.json") for rank in range(world)]
    found: Record = {"where": ranks[0].get("where", {}), "sizes": together(ranks)}
    return found | ({"failed": first_failure(out) or failed} if failed else {})


def measure(folder: Path, options: argparse.Namespace) -> Record:
    """Each number of processes after the other; the record is kept after each."""
    began = time.perf_counter()
    earlier = read_json(options.merge) if options.merge else {}
    env = environment(folder, options.tiny, max(options.processes))
    so_far = record = begun(folder, options, env)
    if earlier:
        merged(earlier, record)  # refused before anything is measured
    print(f"inputs written after {time.perf_counter() - began:.0f} s", flush=True)
    for world in options.processes:
        print(f"processes: {world}", flush=True)
        found = train(folder, world, options, env)
        record["where"] = found.pop("where") or record.get("where", {})
        record["processes"][str(world)] = found
        so_far = completed(merged(earlier, record) if earlier else record)
        show(so_far["processes"][str(world)], time.perf_counter() - began)
        if options.json:
            written = json.dumps(so_far, indent=1, ensure_ascii=False)
            options.json.write_text(written + "\n", encoding="utf-8")
    return so_far


def show(found: Record, seconds: float) -> None:
    """A line for every size of frame, and why there is none."""
    for size, one in found["sizes"].items():
        told = "" if one["efficiency"] is None else f", efficiency {one['efficiency']:.1%}"
        print(
            f"  {size}: {one['step']:.4f} s a step ({one['least']:.4f} – {one['most']:.4f})"
            f"{told}, last loss {one['losses'][-1]:.6f}",
            flush=True,
        )
    if "failed" in found:
        print(f"  FAILED: {found['failed']}", flush=True)
    print(f"  done after {seconds:.0f} s", flush=True)


def read_json(path: Path) -> dict[str, Any]:
    """What a process wrote; nothing where it did not get so far."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


@contextmanager
def room(keep: Path | None) -> Iterator[Path]:
    """A folder for inputs, which goes unless it is to be kept."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def main() -> int:
    """Measure or read, then show."""
    options = asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.made:
            record = completed(read_json(options.made))
        else:
            check(Cut(options.effective, options.a_pass), options.processes)
            with room(options.keep) as folder:
                record = measure(folder, options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    page = scale_out_page(record)
    print(page)
    if options.markdown:
        options.markdown.write_text(page + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
