"""What befalls a film after it was signed."""

from __future__ import annotations

from pathlib import Path

import av

from beavervision.provenance.film_record import FilmRecord, NamedHash, PersonRecord

SPOKEN = NamedHash("words.wav", "cd" * 32)
AVATAR = FilmRecord("avatar", [PersonRecord(0, "me", {"radnerf_head": "ab" * 32}, SPOKEN)])


def copy_streams(source: Path, target: Path, **metadata: str) -> Path:
    """What `ffmpeg -c copy` does."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        new.metadata.update({k: v for k, v in old.metadata.items() if k == "comment"} | metadata)
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target


def encode_again(source: Path, target: Path) -> Path:
    """What `ffmpeg -i` does without further options: pictures anew, metadata kept."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        new.metadata.update({"comment": old.metadata["comment"]})
        stream = new.add_stream("h264", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in old.decode(video=0):
            frame.pict_type = 0
            new.mux(stream.encode(frame))
        new.mux(stream.encode(None))
    return target
