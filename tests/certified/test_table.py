"""The README's table of papers is what the catalogue says today."""

import importlib.util
from pathlib import Path


def test_the_table_is_fresh(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("table", root / "tests/certified/table.py")
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert table.BEGIN in readme
    assert table.written(readme) == readme, "python tests/certified/table.py writes it anew"
