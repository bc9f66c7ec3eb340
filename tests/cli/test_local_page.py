"""The pages of `form review` and `form from-scan`, as far as the commands open them."""

import socket

import cv2
import empty_form
import pytest
from click.testing import CliRunner
from made_results import make_results

from inkdigits.cli import main


@pytest.mark.parametrize("command", ["review", "from-scan"])
def test_port_in_use_is_told(tmp_path, command):
    if command == "review":
        arguments = ["review", str(make_results(tmp_path, sheets=1))]
    else:
        cv2.imwrite(str(tmp_path / "empty.png"), empty_form.draw_form())
        arguments = ["from-scan", str(tmp_path / "empty.png"), "-o", str(tmp_path / "form.toml")]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["form", *arguments, "--no-open", "--port", str(port)])
    assert done.exit_code == 1
    assert done.output == (
        f"Error: Port {port} is in use; choose another one, or leave --port out.\n"
    )
