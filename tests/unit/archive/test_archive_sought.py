"""How the next frame of a damaged open file is found."""

from __future__ import annotations

import io

import pytest

from ast_notebook.recording.framing import HEADER, NEAR, Frames, end


class Counted(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_many_damages_close_together_do_not_read_the_whole_file_each_time() -> None:
    one = b"x" + end()
    file = Counted(one * 2000)
    for number in range(2000):
        place = number * len(one)
        assert Frames._sought(file, place, 2000 * len(one)) == place + 1
    assert file.count <= 2000 * (NEAR + HEADER)


@pytest.mark.parametrize("front", [0, 1, NEAR - HEADER, NEAR, 3 * NEAR, 100 * NEAR])
@pytest.mark.parametrize("more", range(-2, HEADER + 2))
def test_a_frame_is_found_wherever_it_begins(front: int, more: int) -> None:
    at = max(1, front + more)
    data = b"x" * at + end() + b"x" * 5
    assert Frames._sought(io.BytesIO(data), 0, len(data)) == at
    assert Frames._sought(io.BytesIO(data), at, len(data)) == len(data)


def test_what_a_recorder_adds_meanwhile_is_not_looked_at() -> None:
    data = b"x" * 100
    assert Frames._sought(io.BytesIO(data + end()), 0, len(data)) == len(data)
