from __future__ import annotations

from chains.ingest.html import read_html
from chains.ingest.parsed import Block

SOURCE = b"""<!doctype html><html><head><title>Bread &amp; butter</title>
<link rel="canonical" href="https://example.org/bread"></head><body><nav>menu</nav>
<main><h1>Bread &amp; butter</h1>Loose text.<p>Some <b>bold</b> words<br>here.</p><!-- no -->
<h2>How</h2><ul><li>one<li>two</ul><pre>a
  b</pre><div>tail <table><tr><th>x<td>1</table></div><script>alert(1)</script></main>
<footer>imprint</footer></body></html>"""


def test_the_main_part_is_read_as_a_reader_reads_it() -> None:
    parsed = read_html(SOURCE)
    assert (parsed.title, parsed.uri) == ("Bread & butter", "https://example.org/bread")
    assert [each.headings for each in parsed.sections] == [(), ("How",)]
    assert [each.text for each in parsed.sections[0].blocks] == ["Loose text.", "Some bold words here."]
    assert parsed.sections[1].blocks == [
        Block("- one\n- two"),
        Block("```\na\n  b\n```", code=True),
        Block("tail"),
        Block("x | 1"),
    ]


def test_a_canonical_address_of_another_kind_is_no_uri() -> None:
    assert read_html(b'<link rel="canonical" href="javascript:alert(1)"><p>x</p>').uri is None


def test_paragraphs_and_items_that_are_never_closed_are_still_parted() -> None:
    (section,) = read_html(b"<p>one" * 2000 + b"<ul><li>a<ul><li>b</ul><li>c</ul>").sections
    assert [each.text for each in section.blocks] == ["one"] * 2000 + ["- a\n- b\n- c"]


def test_a_fragment_without_any_structure_is_read() -> None:
    assert read_html(b"just words").sections[0].blocks == [Block("just words")]
