"""What follows from a measurement, and which records are put together."""

from __future__ import annotations

import pytest

from benchmarks.speed.contenders import EFFECTIVE
from benchmarks.speed.record import LOSS_APART, NORM_APART, completed, merged
from paper_repro.errors import UserError
from tests.benchmarks.records import LARGER, SMALLER, one, tiny


@pytest.fixture
def record():
    return tiny()


def test_the_committed_record_is_what_the_code_completes(record):
    assert completed(record) == record


def test_seconds_and_shares_follow_from_the_updates(record):
    one(record, "trl")["seconds"] = [3.0, 1.0, 8.0]
    record["ceiling"]["flops"] = 2e9
    record["sizes"][SMALLER]["useful_flops"] = {"answer": 3e9, "sequence": 9e9}
    found = one(completed(record), "trl")
    assert (found["step"], found["least"], found["most"]) == (3.0, 1.0, 8.0)
    assert found["per_sample"] == 3.0 / EFFECTIVE
    assert found["share"] == pytest.approx(0.5) and found["times_floor"] == pytest.approx(2)
    notebook = one(completed(record), "notebook")  # its labels are the whole sequence
    assert notebook["useful_flops"] == 9e9


def test_every_first_update_is_held_against_that_of_the_same_labels_and_mean(record):
    references = one(record, "package")["reference"]
    assert references.keys() == {"answer", "sequence", "samples"}
    held = {"package": "samples", "trl": "answer"}
    for name, kind in held.items():
        found, wanted = one(record, name), references[kind]
        apart = {what: abs(found[what] / wanted[what] - 1) for what in ("loss", "norm")}
        assert found["apart"] == pytest.approx(apart, abs=1e-12)
    own = one(record, "notebook")["reference"]["sequence"]  # of its 4-bit weights
    bent = tiny()
    one(bent, "notebook")["reference"]["sequence"] = {"loss": 2 * own["loss"], "norm": own["norm"]}
    assert one(completed(bent), "notebook")["apart"]["loss"] == pytest.approx(0.5)


def test_the_package_with_one_thing_changed_is_held_against_the_package(record):
    one(record, "package")["loss"] *= 2
    assert one(completed(record), "without packing")["apart"]["loss"] == pytest.approx(0.5)
    assert one(completed(record), "dropout 0.05")["agrees"] is None


@pytest.mark.parametrize(("what", "limit"), [("loss", LOSS_APART), ("norm", NORM_APART)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_first_update_agrees_up_to_a_threshold(record, what, limit, sign):
    wanted = one(record, "package")["reference"]["answer"][what]
    for share, agrees in ((0.99, True), (1.01, False)):
        one(record, "trl")[what] = wanted * (1 + sign * share * limit)
        assert one(completed(record), "trl")["agrees"] is agrees
    one(record, "trl")[what] = float("nan")
    assert one(completed(record), "trl")["agrees"] is False


def test_without_the_package_what_has_no_reference_of_its_own_is_not_judged(record):
    del record["contenders"]["package"]
    found = completed(record)
    assert one(found, "trl")["agrees"] is None and one(found, "without packing")["apart"] is None
    assert one(found, "notebook")["agrees"] is True


def test_a_later_record_adds_to_an_earlier_one_and_takes_its_place(record):
    later = tiny()
    later["sizes"] = {LARGER: later["sizes"][LARGER]}
    later["ceiling"]["flops"] = record["ceiling"]["flops"] / 2
    trl = later["contenders"]["trl"]
    trl["sizes"] = {LARGER: trl["sizes"][LARGER] | {"loss": 1.0}}
    later["contenders"] = {"trl": trl}
    found = merged(record, later)
    assert list(found["contenders"]) == list(record["contenders"])
    assert one(found, "trl", LARGER)["loss"] == 1.0
    assert one(found, "trl", SMALLER) == one(record, "trl", SMALLER)
    assert found["sizes"] == record["sizes"] and found["ceiling"] == record["ceiling"]


def test_what_failed_before_and_is_measured_now_no_longer_counts_as_failed(record):
    later = tiny()
    later["contenders"] = {"ms-swift": later["contenders"]["trl"]}
    assert "failed" not in merged(record, later)["contenders"]["ms-swift"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["where"].update(card="another"), "another card"),
        (lambda r: r["where"]["versions"].update(torch="1.0"), "another set of versions"),
        (lambda r: r.update(tiny=False), "another model"),
        (lambda r: r["sizes"][SMALLER].update(tokens=1.0), "another set of samples"),
    ],
)
def test_records_of_other_surroundings_are_refused(record, change, said):
    later = tiny()
    change(later)
    with pytest.raises(UserError, match=said):
        merged(record, later)
