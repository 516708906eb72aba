"""Whatever students have written, the page holds as text."""

import json

from helpers.made_up_class import result, write, write_gradebook

from report.reading import UNIT, full, read, wrong

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> ' & &amp;",
    "</style></title><script>",
    "김서연, 이 \u202e반대",
    "a\x00b\x1b[31m\ufffe",
    "한" * 3000,
    "javascript:alert(1)",
]


def test_everything_is_escaped(tmp_path):
    results = []
    for n, text in enumerate(HOSTILE):
        changes = {"flags": [text], "limits": [text], "repairs": [text, text], "file": f"submitted/{text}/x.ipynb"}
        results.append(wrong(f"{n}{text[:60]}", text, message=text, **changes))
        results.append(wrong(f"{n}unnamed", message=text))
        results.append(result(f"f{n}", text[:60], status="failed", reason=text))
    directory = write(tmp_path / "<b>&", results)
    write_gradebook(directory, results, {"0unnamed": ("<script>", '"'), "f1": ("서연", "O'Brien, Jr.")})
    (directory / "submitted" / "<script>x<" / "<i>").mkdir(parents=True)
    page = read(directory)
    assert "<script>alert(1)</script>" in page.text and "김서연, 이" in page.text and "서연 O'Brien, Jr." in page.text
    assert "\x00" not in page.text and "\x1b" not in page.text and "한" * 600 not in page.text


def test_lone_surrogates(tmp_path):
    entry = full("ada", flags=["x\ud800y"])
    directory = write(tmp_path / "bn", [])
    folder = directory / ".bncourse" / "results" / UNIT
    folder.mkdir(parents=True)
    (folder / "ada.json").write_text(json.dumps(entry), encoding="utf-8")
    assert "x\ufffdy" in read(directory).text
