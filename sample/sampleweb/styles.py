"""The style sheets of the five themes; $hue, $radius and $width differ from site to site."""

from __future__ import annotations

__all__ = ["STYLES"]

BASE = """
:root { --accent: $hue; --text: #23272b; --muted: #5c6670; --line: #d9dee3; --paper: #fff; --width: $width; }
*, *::before, *::after { box-sizing: border-box; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; color: var(--text); background: var(--paper); line-height: 1.6; text-rendering: optimizeLegibility; }
img, svg, video { max-width: 100%; height: auto; vertical-align: middle; }
a { color: var(--accent); text-underline-offset: .15em; }
a:hover, a:focus-visible { text-decoration-thickness: 2px; }
h1, h2, h3 { line-height: 1.2; font-weight: 600; margin: 1.6em 0 .5em; }
h1 { font-size: clamp(1.8rem, 4vw, 2.6rem); } h2 { font-size: 1.5rem; } h3 { font-size: 1.15rem; }
p, ul, ol, table { margin: 0 0 1em; }
ul { padding-inline-start: 1.3em; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .4em .6em; border-bottom: 1px solid var(--line); text-align: start; }
button, input { font: inherit; border-radius: $radius; border: 1px solid var(--line); padding: .5em .9em; }
button { background: var(--accent); color: #fff; border-color: transparent; cursor: pointer; }
@media print { nav, footer, form, button { display: none; } a::after { content: " (" attr(href) ")"; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""

PLAIN = """
body { font-family: Georgia, "Times New Roman", serif; }
.skip { position: absolute; inset-inline-start: -999px; } .skip:focus { inset-inline-start: 1rem; top: 1rem; }
.site-header { border-bottom: 4px double var(--line); padding: 1rem 1.5rem; display: grid; gap: .3rem; }
.brand { font-size: 1.6rem; margin: 0; } .brand a { color: inherit; text-decoration: none; }
.tagline { color: var(--muted); font-style: italic; margin: 0; }
.site-header nav ul { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; margin: .5rem 0 0; }
.languages { font-size: .85rem; } .languages a { margin-inline-end: .5rem; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
details { border-bottom: 1px solid var(--line); padding: .7rem 0; } summary { cursor: pointer; font-weight: 600; }
.qa { border-inline-start: 3px solid var(--accent); padding-inline-start: 1rem; margin: 1.5rem 0; }
footer { background: #f4f2ee; padding: 2rem 1.5rem; font-size: .9rem; color: var(--muted); }
aside.related { background: #faf8f3; padding: 1rem 1.5rem; border-radius: $radius; }
"""

SHOP = """
body { font-family: "Assistant", "Helvetica Neue", Arial, sans-serif; letter-spacing: .01em; }
.page-width { max-width: var(--width); margin: 0 auto; padding: 0 1.5rem; } .page-width--narrow { max-width: 46rem; }
.announcement-bar { background: var(--accent); color: #fff; text-align: center; font-size: .85rem; } .announcement-bar p { margin: 0; padding: .6rem; }
.header { display: grid; grid-template-columns: auto 1fr auto auto; align-items: center; gap: 1rem; padding-block: 1rem; }
.header__heading-link { font-size: 1.4rem; font-weight: 700; color: inherit; text-decoration: none; }
.icon-button { background: none; color: inherit; border: 0; padding: .3rem; }
.list-menu { list-style: none; display: flex; gap: 1.2rem; padding: 0; margin: 0; } .list-menu__item a { text-decoration: none; color: inherit; }
.localization a { font-size: .8rem; padding: .2rem .4rem; border: 1px solid var(--line); border-radius: $radius; text-decoration: none; }
.faq-item, .qa { border-top: 1px solid rgba(0, 0, 0, .12); padding: 1rem 0; } .faq-item summary { font-weight: 600; list-style: none; }
.faq-item summary::after { content: "+"; float: inline-end; } .faq-item[open] summary::after { content: "–"; }
.card { display: flex; flex-direction: column; border-radius: $radius; box-shadow: 0 1px 4px rgba(0, 0, 0, .12); padding: 1rem; }
.price { font-variant-numeric: tabular-nums; } .price--on-sale { color: #b3261e; } .badge { font-size: .7rem; text-transform: uppercase; }
.footer { border-top: 1px solid var(--line); margin-top: 3rem; padding: 2rem 1.5rem; font-size: .9rem; }
.footer__newsletter { max-width: 30rem; } .policies { display: flex; gap: 1rem; list-style: none; padding: 0; }
#cookie-banner { position: fixed; inset: auto 1rem 1rem; background: #fff; box-shadow: 0 4px 24px rgba(0, 0, 0, .2); padding: 1rem; }
@media (max-width: 749px) { .header { grid-template-columns: auto 1fr; } .list-menu { display: none; } }
"""

PRESS = """
body { --preset--color--primary: $hue; --preset--color--base: #f9f9f7; --preset--spacing--40: 1.5rem; --preset--spacing--60: 3rem;
  --preset--shadow--natural: 6px 6px 9px rgba(0, 0, 0, .2); --preset--gradient--dusk: linear-gradient(135deg, $hue 0%, #999 100%);
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; background: var(--preset--color--base); }
.has-primary-color { color: var(--preset--color--primary) !important; } .has-base-background-color { background: var(--preset--color--base) !important; }
.has-small-font-size { font-size: .85rem !important; } .has-large-font-size { font-size: 1.6rem !important; }
.alignwide { max-width: 75rem; margin-inline: auto; } .alignfull { width: 100%; } .aligncenter { text-align: center; }
.is-layout-flex { display: flex; flex-wrap: wrap; gap: .5em; } .is-layout-constrained > * { max-width: 42rem; margin-inline: auto !important; }
.screen-reader-text { clip: rect(1px, 1px, 1px, 1px); position: absolute !important; height: 1px; width: 1px; overflow: hidden; }
.block-site-title { font-size: 1.5rem; font-weight: 700; margin: 0; } .block-site-title a { color: inherit; text-decoration: none; }
.block-navigation__container { display: flex; flex-wrap: wrap; gap: 1.25rem; list-style: none; padding: 0; }
.block-button__link { background: var(--preset--color--primary); border-radius: $radius; color: #fff; padding: .6em 1.2em; text-decoration: none; }
.block-group { padding: var(--preset--spacing--40); } .widget-area { max-width: 42rem; margin: 2rem auto; }
.faq-item { background: #fff; border: 1px solid var(--line); border-radius: $radius; margin-bottom: .6rem; padding: .8rem 1rem; }
.qa h3 { color: var(--preset--color--primary); } .entry-content a { text-decoration: underline; }
:where(.wp-block-columns) { gap: 2em; } :where(.wp-block-post-template) { gap: 1.25em; }
"""

APP = """
body { font-family: Inter, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
.css-1x0a2{min-height:100vh;display:flex;flex-direction:column}.css-hd7k1{position:sticky;top:0;display:flex;gap:2rem;align-items:center;padding:1rem 2rem;background:rgba(255,255,255,.9);backdrop-filter:blur(8px);border-bottom:1px solid var(--line)}
.css-logo{font-weight:800;color:var(--accent);text-decoration:none}.css-nav8{display:flex;gap:1.25rem;flex:1}.css-nav8 a{color:inherit;text-decoration:none}.css-nav8 a:hover{color:var(--accent)}
.css-lang a{font-size:.75rem;margin-inline-start:.5rem}.css-main3{width:100%;max-width:48rem;margin:0 auto;padding:2rem 1.5rem;flex:1}
.css-ft9{display:flex;flex-wrap:wrap;gap:2rem;justify-content:space-between;padding:2rem;background:#0f1720;color:#c9d3dd}.css-ft9 a{color:inherit;margin-inline-end:1rem}
.css-toast{position:fixed;bottom:1rem;inset-inline-end:1rem;max-width:24rem;padding:1rem;border-radius:$radius;background:#fff;box-shadow:0 10px 30px rgba(15,23,32,.25)}
.faq-item{border:1px solid var(--line);border-radius:$radius;margin:.5rem 0;padding:.75rem 1rem;transition:box-shadow .2s}.faq-item[open]{box-shadow:0 2px 12px rgba(15,23,32,.08)}.faq-item summary{font-weight:600}
.qa{padding:1rem 0;border-bottom:1px solid var(--line)}.css-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}
@media (max-width:640px){.css-nav8{display:none}.css-hd7k1{padding:.75rem 1rem}}
"""

OLD = """
body { font-family: Verdana, Arial, Helvetica, sans-serif; font-size: 13px; } td { vertical-align: top; }
.top { background: #dde6ee; border-bottom: 2px solid $hue; } .bottom { background: #f3f3f3; font-size: 11px; }
.menu a { text-decoration: none; font-weight: bold; } .qa { margin: 10px 0; padding: 8px; border: 1px dotted #999999; }
h1 { color: $hue; font-size: 20px; } h3 { font-size: 14px; margin-bottom: 2px; } .faq-item { margin: 8px 0; }
"""

STYLES = {"plain": BASE + PLAIN, "shop": BASE + SHOP, "press": BASE + PRESS, "app": BASE + APP, "old": OLD}
