"""What libraries say is kept, and kept off the terminal."""

from __future__ import annotations

import logging
import warnings

import pytest

from paper_repro.quiet import captured


def handlers():
    return [logging.getLogger(name).handlers[:] for name in (None, "transformers")]


def test_warnings_and_logs_are_collected_and_not_printed(capfd):
    from transformers.utils import logging as library

    before = handlers()
    with captured() as said:
        assert not library.is_progress_bar_enabled()
        logging.getLogger("transformers.models").warning("from %s", "transformers")
        logging.getLogger("bitsandbytes.nn").warning("from bitsandbytes")
        logging.getLogger("peft").info("too quiet to keep")
        warnings.warn("from Python", FutureWarning, stacklevel=1)
    assert said == ["from transformers", "from bitsandbytes", "from Python"]
    assert library.is_progress_bar_enabled() and handlers() == before
    assert capfd.readouterr() == ("", "")


def test_an_error_passes_through_and_everything_is_put_back():
    before = handlers()
    with pytest.raises(KeyboardInterrupt), captured() as said:
        warnings.warn("heard", UserWarning, stacklevel=1)
        raise KeyboardInterrupt
    assert said == ["heard"] and handlers() == before
    with pytest.raises(UserWarning):
        warnings.warn("loud again", UserWarning, stacklevel=1)


@pytest.mark.parametrize("propagate", [True, False])
def test_a_record_is_kept_once_whether_or_not_it_propagates(propagate, monkeypatch):
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", propagate)
    with captured() as said:
        logging.getLogger("transformers.models").warning("once")
    assert said == ["once"]
