from __future__ import annotations

import pytest

from stylenet.events import Losses


def test_losses_are_a_mapping_by_name_with_a_total():
    losses = Losses({"style": 2.0, "content": 1.0})
    assert dict(losses) == {"content": 1.0, "style": 2.0}
    assert losses["style"] == 2.0
    assert losses.total == 3.0
    assert losses.with_total() == {"content": 1.0, "style": 2.0, "total": 3.0}
    with pytest.raises(KeyError):
        losses["total_variation"]


def test_the_total_does_not_depend_on_the_order_of_the_terms():
    """0.1 + 0.2 + 0.3 in floating point depends on the order of the additions."""
    terms = {"a": 0.1, "b": 0.2, "c": 0.3}
    backwards = dict(reversed(terms.items()))
    assert Losses(terms).total == Losses(backwards).total == 0.1 + 0.2 + 0.3
    assert list(Losses(backwards)) == ["a", "b", "c"]
    assert Losses(terms) == Losses(backwards)
