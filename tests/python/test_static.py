"""The front end is committed as it was built: a fresh build must give the same bytes."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


def test_the_committed_bundle_is_fresh(
    root: Path, tmp_path: Path, unavailable: Callable[[str], NoReturn]
) -> None:
    node = shutil.which("node")
    if node is None or not (root / "js" / "node_modules").is_dir():
        unavailable("building the front end needs Node, and `npm ci` in js/")
    command = [node, str(root / "js" / "build.mjs"), str(tmp_path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    static = root / "scalewidgets" / "static"
    assert set(built) == {"lab.js", "lab.css", "loader.js"}
    stale = [name for name in built if (static / name).read_bytes() != built[name]]
    assert not stale, f"{stale} in scalewidgets/static do not match js/src: run `make build`"
