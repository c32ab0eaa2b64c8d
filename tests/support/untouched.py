"""Looks whether a page holds, runs or fetches anything that did not come with it."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Page

TAGS = (
    "html head body title meta link script base noscript div span p a b i em strong del sub sup br hr "
    "h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code figure figcaption table thead tbody tr th td "
    "input button textarea select option label form fieldset legend main header footer nav aside section "
    "article dialog details summary mark time output kbd samp small "
    "svg g path circle rect line polyline polygon ellipse "
    "math semantics annotation mrow mi mn mo ms mtext mspace msup msub msubsup mfrac msqrt mroot mover "
    "munder munderover mtable mtr mtd mstyle mpadded mphantom menclose merror"
)
KNOWN = ("/chat/", "/assets/", "/api/", "/ws/", "/theme.js", "/icon.svg", "/favicon.ico")

# Before anything else in the page: what the policy had to forbid is a fault already.
LISTEN = """
window.forbidden = [];
document.addEventListener('securitypolicyviolation', event =>
    window.forbidden.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
# What stands in the document and must not, each in a few words.
LOOK = r"""([tags, origin]) => {
    const found = [];
    if (window.pwned !== undefined) found.push('pwned');
    for (const said of window.forbidden) found.push('forbidden: ' + said);
    const mine = url => url.origin === origin;
    const fetching = /^(srcdoc|action|formaction|srcset|poster|background|data|ping|http-equiv)$/i;
    const file = /^\/(assets\/|theme\.js)/;
    const check = element => {
        const tag = element.localName;
        const say = what => found.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
        if (!tags.includes(tag)) say('element');
        const inHead = document.head.contains(element);
        if (['meta', 'link', 'base', 'title'].includes(tag) && !inHead) say('only in the head');
        for (const {name, value} of element.attributes) {
            if (/^on/i.test(name)) say('handler');
            if (fetching.test(name)) say(name);
            if (name === 'style' && /url|expression|@import|position: *fixed/i.test(value)) say('style');
            if (/^(xlink:)?href$/i.test(name)) checkLink(element, value, say);
            if (name === 'src') {
                const url = new URL(value, document.baseURI);
                if (tag !== 'script' || !mine(url) || !file.test(url.pathname)) say('src');
            }
        }
        if (tag === 'script' && !element.src) say('inline script');
        if (tag === 'noscript' && element.parentElement !== document.body) say('noscript');
        if (element.shadowRoot) say('shadow');
    };
    const checkLink = (element, value, say) => {
        if (element.localName === 'base') return value === '/' || say('base');
        const url = new URL(value, document.baseURI);
        if (element.localName === 'link') return mine(url) || say('link');
        if (element.localName !== 'a') return say('href');
        if (mine(url) && /^\/chat\/[\w-]+$/.test(url.pathname) && element.target === '') return;
        if (!['http:', 'https:', 'mailto:'].includes(url.protocol)) say('address');
        if (!['noopener', 'noreferrer'].every(word => element.relList.contains(word))) say('rel');
    };
    for (const element of document.querySelectorAll('*')) check(element);
    return found;
}"""


@dataclass
class Watch:
    """Hears what a page asks for, opens and throws, from its first moment on."""

    page: Page
    origin: str
    heard: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, page: Page, url: str) -> Self:
        watch = cls(page, url)
        page.add_init_script(LISTEN)
        page.on("request", lambda request: watch._asked(request.url))
        page.on("websocket", lambda socket: watch._asked(socket.url.replace("ws", "http", 1)))
        page.on("dialog", watch._spoken)
        page.on("popup", lambda popup: watch.heard.append(f"popup {popup.url}"))
        page.on("download", lambda download: watch.heard.append(f"download {download.url}"))
        page.on("pageerror", lambda error: watch.heard.append(f"thrown {error.message}"))
        return watch

    def faults(self) -> list[str]:
        """What was heard, and what is to be seen now; a script that was let in gets a moment to run."""
        self.page.wait_for_timeout(50)
        found: list[str] = self.page.evaluate(LOOK, [TAGS.split(), self.origin])
        return [*self.heard, *found]

    def _spoken(self, dialog: Dialog) -> None:
        self.heard.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        known = parts.path == "/" or parts.path.startswith(KNOWN)
        if f"{parts.scheme}://{parts.netloc}" != self.origin or not known:
            self.heard.append(f"asked for {url[:120]}")
