"""A member's data is divided among files that are small enough to be sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.exts.privacy.export import FILE_OVERHEAD_BYTES, ExportFile, plan


def files(sizes):
    return [ExportFile(path=f"p{n}", key=f"k{n}", size=size) for n, size in enumerate(sizes)]


def test_pictures_go_into_the_first_file_until_it_is_full():
    one, two, three = files([3000, 3000, 3000])
    parts, left_out = plan([one, two, three], limit=8000, most=5, first=100)
    assert parts == [[one, two], [three]]
    assert left_out == []


def test_what_is_too_large_or_too_much_is_named():
    small, huge, late = files([3000, 9000, 3000])
    parts, left_out = plan([small, huge, late], limit=4500, most=1, first=100)
    assert parts == [[small]]
    assert left_out == [huge, late]


def test_without_pictures_there_is_one_file_all_the_same():
    assert plan([], limit=1000, most=1, first=100) == ([[]], [])


@given(
    sizes=st.lists(st.integers(0, 5000), max_size=30),
    limit=st.integers(1000, 6000),
    most=st.integers(1, 6),
)
def test_no_file_is_too_large_and_nothing_is_lost(sizes, limit, most):
    given_ = files(sizes)
    parts, left_out = plan(given_, limit=limit, most=most, first=200)
    assert 1 <= len(parts) <= most
    for number, part in enumerate(parts):
        filled = sum(each.size + FILE_OVERHEAD_BYTES for each in part)
        assert filled + (200 + FILE_OVERHEAD_BYTES if number == 0 else 0) <= limit or not part
    packed = [each for part in parts for each in part]
    assert sorted([*packed, *left_out], key=lambda e: int(e.path[1:])) == given_
