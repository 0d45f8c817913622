"""What surrounds a page's own text: head, navigation, footer, styles, scripts, in five manners of building sites."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from string import Template

from sampleweb.styles import STYLES
from sampleweb.words import LANGUAGES, WORDS

__all__ = ["THEMES", "Frame", "dress"]

Link = tuple[str, str]  # anchor text, address


@dataclass(frozen=True)
class Frame:
    """Everything that a theme arranges. Texts are HTML already where the name ends in `_html`."""

    language: str
    html_lang: str
    url: str
    site: str
    title: str
    description: str
    canonical: str
    charset_meta: str
    head_html: str  # script blocks, hreflang, robots
    main_html: str
    nav: list[Link] = field(default_factory=list)
    tongues: list[tuple[str, str]] = field(default_factory=list)  # language tag, address
    footer_html: str = ""
    tagline: str = ""

    @property
    def words(self) -> dict[str, str]:
        return {key: html.escape(word) for key, word in WORDS[self.language].items()}

    def pick(self, salt: str, choices: int) -> int:
        """A choice that depends on the site alone, so that its pages look alike."""
        return hashlib.sha256(f"{self.site}/{salt}".encode()).digest()[0] % choices


def anchors(links: list[Link], pattern: str = "<li>$a</li>") -> str:
    made = (f'<a href="{html.escape(url)}">{html.escape(text)}</a>' for text, url in links)
    return "\n".join(pattern.replace("$a", anchor) for anchor in made)


def tongues(frame: Frame) -> str:
    items = (
        f'<a href="{html.escape(url)}" hreflang="{tag}" lang="{tag}">{tag.upper()}</a>' for tag, url in frame.tongues
    )
    return " ".join(items)


def head(frame: Frame, extra: str = "") -> str:
    parts = [
        frame.charset_meta,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(frame.title)} | {html.escape(frame.site)}</title>",
        f'<meta name="description" content="{html.escape(frame.description)}">' if frame.description else "",
        f'<link rel="canonical" href="{html.escape(frame.canonical)}">' if frame.canonical else "",
        f'<meta property="og:title" content="{html.escape(frame.title)}">',
        f'<meta property="og:site_name" content="{html.escape(frame.site)}">',
        '<meta property="og:type" content="website">',
        frame.head_html,
        extra,
    ]
    return "\n".join(part for part in parts if part)


def style(frame: Frame, name: str) -> str:
    hues = ("1f4e79", "7a2e3a", "2f6b4f", "8a5a14", "4b3b78", "0b6e75", "a2401f", "34495e")
    return Template(STYLES[name]).safe_substitute(
        hue="#" + hues[frame.pick("hue", len(hues))],
        radius=f"{frame.pick('radius', 9)}px",
        width=f"{60 + frame.pick('width', 5) * 4}rem",
    )


def opening(frame: Frame) -> str:
    direction = LANGUAGES[frame.language].direction
    return f'<!DOCTYPE html>\n<html lang="{frame.html_lang}"{" dir=" + chr(34) + "rtl" + chr(34) if direction == "rtl" else ""}>'


def plain(frame: Frame) -> str:
    w = frame.words
    return f"""{opening(frame)}
<head>
{head(frame)}
<style>
{style(frame, "plain")}
</style>
</head>
<body>
<a class="skip" href="#content">{w["skip"]}</a>
<header class="site-header">
<p class="brand"><a href="/">{html.escape(frame.site)}</a></p>
<p class="tagline">{html.escape(frame.tagline)}</p>
<nav aria-label="{w["menu"]}"><ul>
{anchors(frame.nav)}
</ul></nav>
<div class="languages" aria-label="{w["language"]}">{tongues(frame)}</div>
</header>
<main id="content">
{frame.main_html}
</main>
<footer>
{frame.footer_html}
<p><a href="/privacy">{w["privacy"]}</a> · <a href="/legal">{w["legal"]}</a></p>
<p>© 2026 {html.escape(frame.site)}. {w["rights"]}.</p>
</footer>
<script>
document.querySelectorAll("details").forEach(function (d) {{
  d.addEventListener("toggle", function () {{ if (d.open) history.replaceState(null, "", "#" + (d.id || "")); }});
}});
</script>
</body>
</html>
"""


def shop(frame: Frame) -> str:
    w = frame.words
    product = {"page": frame.url, "currency": "EUR", "cart": [], "consent": {"ads": False, "stats": False}}
    return f"""{opening(frame)}
<head>
{head(frame, '<link rel="preconnect" href="https://static.' + frame.url.split("/")[2] + '" crossorigin>')}
<style id="theme-critical">{style(frame, "shop")}</style>
<script>window.shop = window.shop || {{}}; window.shop.state = {json.dumps(product)};</script>
</head>
<body class="template-page gradient">
<div class="announcement-bar" role="region"><p>{html.escape(frame.tagline)}</p></div>
<div class="header-wrapper"><div class="header page-width">
<button class="icon-button" aria-label="{w["menu"]}"><svg viewBox="0 0 18 16" width="18" height="16" aria-hidden="true"><path d="M1 .5a.5.5 0 100 1h15.71a.5.5 0 000-1H1zM.5 8a.5.5 0 01.5-.5h15.71a.5.5 0 010 1H1A.5.5 0 01.5 8zm0 7a.5.5 0 01.5-.5h15.71a.5.5 0 010 1H1a.5.5 0 01-.5-.5z" fill="currentColor"/></svg></button>
<a class="header__heading-link" href="/">{html.escape(frame.site)}</a>
<div role="navigation"><ul class="list-menu">
{anchors(frame.nav, '<li class="list-menu__item">$a</li>')}
</ul></div>
<form action="/search" method="get" role="search"><input type="search" name="q" placeholder="{w["search"]}" aria-label="{w["search"]}"><button type="submit" aria-label="{w["search"]}">⌕</button></form>
<div class="localization">{tongues(frame)}</div>
</div></div>
<div id="MainContent" class="content-for-layout" role="main">
<div class="page-width page-width--narrow">
{frame.main_html}
</div>
</div>
<div class="footer" role="contentinfo">
<div class="footer__newsletter"><h2 class="footer-block__heading">{w["letter"]}</h2>
<form method="post" action="/contact#newsletter"><input type="email" name="contact[email]" autocomplete="email" required><button type="submit">{w["send"]}</button></form></div>
<div class="footer-block">{frame.footer_html}</div>
<ul class="policies"><li><a href="/policies/privacy">{w["privacy"]}</a></li><li><a href="/policies/legal">{w["legal"]}</a></li></ul>
<small>© 2026, {html.escape(frame.site)}. {w["rights"]}.</small>
</div>
<div id="cookie-banner" hidden><p>{w["cookies"]}</p><button data-consent="yes">{w["accept"]}</button><button data-consent="no">{w["decline"]}</button></div>
<script>
(function () {{
  var banner = document.getElementById("cookie-banner");
  if (!document.cookie.match(/consent=/)) banner.hidden = false;
  banner.addEventListener("click", function (event) {{
    var answer = event.target.getAttribute("data-consent");
    if (!answer) return;
    document.cookie = "consent=" + answer + ";path=/;max-age=15552000;samesite=lax";
    banner.hidden = true;
  }});
}})();
</script>
</body>
</html>
"""


def press(frame: Frame) -> str:
    w = frame.words
    number = 100 + frame.pick("id", 200)
    return f"""{opening(frame)}
<head>
{head(frame, '<link rel="alternate" type="application/rss+xml" title="' + html.escape(frame.site) + '" href="/feed/">')}
<style id="global-styles-inline-css">
{style(frame, "press")}
</style>
<script id="speculation" type="speculationrules">{{"prefetch":[{{"source":"document","where":{{"href_matches":"/*"}},"eagerness":"conservative"}}]}}</script>
</head>
<body class="page-template-default page page-id-{number} wp-embed-responsive has-footer">
<a class="skip-link screen-reader-text" href="#wp--skip-link--target">{w["skip"]}</a>
<div class="site-blocks">
<header class="block-template-part"><div class="block-group alignwide">
<p class="block-site-title"><a href="/" rel="home">{html.escape(frame.site)}</a></p>
<p class="block-site-tagline">{html.escape(frame.tagline)}</p>
<nav class="block-navigation is-responsive" aria-label="{w["menu"]}"><ul class="block-navigation__container">
{anchors(frame.nav, '<li class="block-navigation-item">$a</li>')}
</ul></nav>
<p class="language-switch">{tongues(frame)}</p>
</div></header>
<main id="wp--skip-link--target"><article id="post-{number}" class="post-{number} page type-page status-publish hentry"><div class="entry-content block-post-content is-layout-constrained">
{frame.main_html}
</div></article></main>
<aside class="widget-area"><form role="search" class="block-search" action="/"><label for="s">{w["search"]}</label><input id="s" name="s" type="search"><button type="submit">{w["search"]}</button></form></aside>
<footer class="block-template-part">
<div class="block-group">{frame.footer_html}</div>
<p class="has-small-font-size">© 2026 {html.escape(frame.site)} · <a href="/privacy-policy/">{w["privacy"]}</a> · <a href="/imprint/">{w["legal"]}</a></p>
</footer>
</div>
<script>
(function (s) {{ var d = document, t = d.createElement("span"); t.innerHTML = "\\u2605"; s.supportsEverything = !!t.textContent; }})(window._siteSettings = {{ "baseUrl": "/images/emoji/72x72/", "ext": ".png" }});
</script>
</body>
</html>
"""


def app(frame: Frame) -> str:
    w = frame.words
    state = {
        "props": {"pageProps": {"locale": frame.html_lang, "title": frame.title, "path": frame.url}},
        "page": "/[locale]/[slug]",
        "buildId": f"b{frame.pick('build', 255):03d}x7Qk",
        "isFallback": False,
    }
    chunk = f"{frame.pick('chunk', 255):02x}9f3ac1"
    return f"""{opening(frame)}<head>{head(frame, f'<link rel="preload" href="/_assets/css/{chunk}.css" as="style"><script defer nomodule src="/_assets/chunks/polyfills-{chunk}.js"></script>')}
<style data-emotion="css">{style(frame, "app")}</style></head><body><div id="__app"><div class="css-1x0a2"><header class="css-hd7k1"><a class="css-logo" href="/">{html.escape(frame.site)}</a><nav class="css-nav8">{anchors(frame.nav, "$a")}</nav><div class="css-lang">{tongues(frame)}</div></header><main class="css-main3">
{frame.main_html}
</main><footer class="css-ft9"><div>{frame.footer_html}</div><div><a href="/privacy">{w["privacy"]}</a><a href="/legal">{w["legal"]}</a></div><div>© 2026 {html.escape(frame.site)}</div></footer></div></div><div id="consent" class="css-toast">{w["cookies"]}<button>{w["accept"]}</button><button>{w["decline"]}</button></div><script id="__APP_DATA__" type="application/json">{json.dumps(state)}</script><script src="/_assets/chunks/main-{chunk}.js" async></script><script src="/_assets/chunks/pages-{chunk}.js" async></script></body></html>
"""


def old(frame: Frame) -> str:
    w = frame.words
    rows = anchors(frame.nav, '<TR><TD CLASS=menu BGCOLOR="#EEEEEE">$a</TD></TR>')
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML LANG="{frame.html_lang}"{' DIR="rtl"' if LANGUAGES[frame.language].direction == "rtl" else ""}>
<HEAD>
{head(frame)}
<STYLE TYPE="text/css"><!--
{style(frame, "old")}
--></STYLE>
</HEAD>
<BODY BGCOLOR="#FFFFFF" TEXT="#222222" LINK="#003399">
<TABLE WIDTH="100%" BORDER=0 CELLPADDING=6 CELLSPACING=0>
<TR><TD COLSPAN=2 CLASS=top><FONT SIZE=5><B>{html.escape(frame.site)}</B></FONT><BR><FONT SIZE=2>{html.escape(frame.tagline)}</FONT> {tongues(frame)}</TD></TR>
<TR VALIGN=top>
<TD WIDTH=180><TABLE BORDER=0 CELLPADDING=4 CELLSPACING=1 WIDTH="100%">
{rows}
</TABLE></TD>
<TD>
{frame.main_html}
</TD>
</TR>
<TR><TD COLSPAN=2 ALIGN=center CLASS=bottom>{frame.footer_html}
<HR NOSHADE SIZE=1><FONT SIZE=1>&copy; 2026 {html.escape(frame.site)} | <A HREF="/privacy.html">{w["privacy"]}</A> | <A HREF="/legal.html">{w["legal"]}</A></FONT></TD></TR>
</TABLE>
</BODY>
</HTML>
"""


THEMES: dict[str, Callable[[Frame], str]] = {"plain": plain, "shop": shop, "press": press, "app": app, "old": old}


def dress(theme: str, frame: Frame) -> str:
    """The whole page as text."""
    return THEMES[theme](frame)
