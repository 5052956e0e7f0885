"""The verb `studio`: its settings, and what it says where something is missing."""

from __future__ import annotations

import socket

import pytest

from beavervision.config.compose import composed_job
from beavervision.config.schemas import StudioSettings, typed_node
from beavervision.errors import ConfigError
from beavervision.studio.password import read_password
from beavervision.workflows.listening import check_port


def test_it_listens_on_this_machine_only_unless_told(tmp_path):
    with composed_job("studio", []) as cfg:
        settings = typed_node(cfg, "studio", StudioSettings)
    assert settings.host == "127.0.0.1"
    assert read_password(settings) is None
    with pytest.raises(ConfigError, match="lets other machines in; write a password into a file"):
        read_password(StudioSettings(host="0.0.0.0"))
    file = tmp_path / "password"
    file.write_text("short\n")
    with pytest.raises(ConfigError, match="shorter than 8"):
        read_password(StudioSettings(host="0.0.0.0", password=str(file)))
    file.write_text("long-password\n")
    assert read_password(StudioSettings(host="0.0.0.0", password=str(file))) == "long-password"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_password(StudioSettings(password=str(tmp_path / "none")))


def test_a_port_that_is_taken_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"studio.port={port} cannot be used"):
            check_port("studio", "127.0.0.1", port)
