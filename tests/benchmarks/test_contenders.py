"""Who is compared: all techniques of the engine, under the names that the site reads."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.speed.contenders import ABLATION, CONTENDERS, EFFECTIVE, PACKAGE, PEERS
from paper_repro.engine import TECHNIQUES
from paper_repro.site.inserts import speed_table


def test_every_technique_of_the_engine_is_left_out_once():
    left_out = [name for each in ABLATION.values() for name in each.options.get("without", ())]
    assert sorted(left_out) == sorted(TECHNIQUES)


def test_every_contender_is_a_module_that_is_there():
    for contender in CONTENDERS.values():
        assert find_spec(f"benchmarks.speed.{contender.module}")


def test_no_contender_is_of_both_kinds_and_the_package_comes_first():
    assert not PEERS.keys() & ABLATION.keys()
    assert next(iter(CONTENDERS)) == PACKAGE == speed_table.PACKAGE
    assert speed_table.NOTEBOOK in PEERS


def test_every_cut_makes_whole_passes_and_depends_on_the_size_of_frames():
    for contender in CONTENDERS.values():
        assert all(EFFECTIVE % cut.batch == 0 for cut in (*contender.small, *contender.large))
    trl = CONTENDERS["trl"]
    assert trl.tries(224, 224) == trl.small != trl.large == trl.tries(225, 224)


def test_what_is_no_part_of_the_package_says_how_to_install_it():
    outside = {name for name, each in PEERS.items() if each.module.startswith("with_")}
    assert {name for name, each in CONTENDERS.items() if each.needs} == outside
