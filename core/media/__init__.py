"""Media files: probe, decode, fit, encode, thumbnails.

Everything here works on plain numpy pictures, ``[height, width, 3]`` RGB ``uint8``,
and raises :class:`core.media.errors.MediaError` with a message meant for an artist.
There is no Qt and no torch in this package.
"""
