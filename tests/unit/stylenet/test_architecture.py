from __future__ import annotations

import pytest

from stylenet.architecture import deepest_of, down_to, pools_before
from stylenet.recipe import LAYERS


def test_a_pool_precedes_every_block_but_the_first():
    assert [pools_before(layer) for layer in LAYERS] == [0] * 2 + [1] * 2 + [2] * 4 + [3] * 4 + [
        4
    ] * 4


def test_depth():
    assert deepest_of({"relu1_1", "relu4_2", "relu4_1"}) == "relu4_2"
    assert down_to({"relu1_1", "relu4_2", "relu5_1"}, "relu4_2") == {"relu1_1", "relu4_2"}
    assert down_to({"relu5_1"}, None) == {"relu5_1"}
    with pytest.raises(KeyError):
        deepest_of(())
