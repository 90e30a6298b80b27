"""Files whose names are as long as a name may be."""

from __future__ import annotations

import pytest

from core.commands.arguments import film_path
from core.media.files import replacing
from core.project.atomic import write_atomic


@pytest.mark.parametrize("name", ["界" * 78 + ".mp4", "a" * 251 + ".mp4"])
def test_a_name_that_the_system_takes_can_be_written(tmp_path, name):
    film = film_path(str(tmp_path / name))
    with replacing(film) as part:
        assert part.suffix == ".mp4"  # encoders ask the name what to write
        part.write_bytes(b"film")
    assert film.read_bytes() == b"film"
    write_atomic(film, b"another")
    assert film.read_bytes() == b"another" and list(tmp_path.iterdir()) == [film]
