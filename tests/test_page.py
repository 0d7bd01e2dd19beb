"""The HTML page of a counterexample: what it says, and how it behaves in a browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from made import made_trace
from playwright.sync_api import Browser, Page, sync_playwright

from gen.draw import page, svg
from gen.draw.lkml import draw_trace
from gen.draw.options import DrawOptions
from gen.draw.sheet import sheet
from gen.trace.origin import Origin, Origins
from gen.trace.trace import trace_from_json
from tools.golden import GALLERY, trace, trace_names

B1 = "hygiene-v2-isolation-race"
OPTIONS = DrawOptions()

#: Debian's and others' names of the browser; playwright's own is not downloaded.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium; apt-get install chromium")
    with sync_playwright() as playwright:
        # The sandbox needs a kernel feature that containers do not have.
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@dataclass
class Opened:
    """A page in the browser, and what it complained about or asked the network for."""

    page: Page
    trouble: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def shown(self) -> list[int]:
        """The states whose memory is to be seen."""
        ids = self.page.locator(".moment:visible").evaluate_all("all => all.map(e => e.id)")
        return [int(name.removeprefix("moment-")) for name in ids]

    def chosen(self) -> list[str | None]:
        """The numbers of the steps that are marked as the current one."""
        steps = self.page.locator('.step[aria-current="step"]')
        return [one.get_attribute("data-step") for one in steps.all()]

    def colour(self) -> str:
        """The background, as #rrggbb."""
        script = "getComputedStyle(document.body).backgroundColor"
        numbers = re.findall(r"\d+", str(self.page.evaluate(script)))
        return "#" + "".join(f"{int(n):02x}" for n in numbers[:3])


Open = Any


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a file, or HTML; at the end: no complaint, and nothing asked for but the file."""
    opened: list[Opened] = []

    def start(html: str | Path, *, width: int = 1280, **context: Any) -> Opened:
        path = html if isinstance(html, Path) else tmp_path / "page.html"
        if isinstance(html, str):
            path.write_text(html, encoding="utf-8")
        made = browser.new_page(viewport={"width": width, "height": 860}, **context)
        one = Opened(made)
        made.on("console", lambda message: one.trouble.append(message.text))
        made.on("pageerror", lambda error: one.trouble.append(str(error)))
        made.on("request", lambda request: one.requests.append(request.url))
        made.goto(path.as_uri())
        opened.append(one)
        return one

    yield start
    for one in opened:
        assert one.trouble == []
        assert all(url.startswith(("file:", "data:")) for url in one.requests), one.requests
        one.page.close()


# ---- what it says --------------------------------------------------------------------


def text_of(html: str) -> str:
    """The interleaving as the page shows it: the lines of its steps."""
    rows = re.findall(r'<span class="row[^"]*">(.*?)</span>', html)
    plain = [re.sub(r"</?b>", "", row) for row in rows]
    return "\n".join(plain).replace("&gt;", ">").replace("&lt;", "<").replace("&#39;", "'")


@pytest.mark.parametrize("name", trace_names())
def test_the_page_shows_the_lines_of_the_mail(name: str) -> None:
    html = page.html(trace(name), OPTIONS)
    mail = draw_trace(trace(name), OPTIONS)
    body = mail.partition("\n\n")[0].splitlines()
    rows = [line for line in body[1:] if not line.startswith("{")]
    assert text_of(html).splitlines() == rows


@pytest.mark.parametrize("name", trace_names())
def test_every_step_names_the_function_its_file_and_the_action(name: str) -> None:
    one = trace(name)
    origins = Origins(one)
    for event in OPTIONS.interleave(one).events:
        origin = origins.of(event.step)
        assert origin.function and origin.file.startswith("mm/page_") and origin.action, origin


def test_the_origin_of_each_step_of_the_thread_s_race() -> None:
    one = trace(B1)
    origins = Origins(one)
    found = [origins.of(event.step) for event in OPTIONS.interleave(one).events]
    kernel = origins.design.kernel if origins.design else ""
    assert kernel
    assert found == [
        Origin("MarkFirst(1)", "set_migratetype_isolate", "mm/page_isolation.c", kernel),
        Origin("AllocPages", "rmqueue_buddy", "mm/page_alloc.c", kernel),
        Origin("Scan(1)", "isolate_single_pageblock", "mm/page_isolation.c", kernel),
    ]


def test_a_trace_of_a_design_that_is_not_known_has_a_page_all_the_same() -> None:
    html = page.html(replace(trace(B1), design="my-patch"), OPTIONS)
    assert "rmqueue_buddy()" in html and "my-patch" in html
    assert "action <code>AllocPages</code>" in html  # the trace itself says so


def test_a_page_begins_with_the_explorer_and_has_its_story_folded_below() -> None:
    heading = page.Heading("B1", ("Once upon a time.",), (("all of them", "../index.html"),))
    html = page.html(trace(B1), OPTIONS, heading)
    explorer, story = html.index('id="slider"'), html.index("Once upon a time.")
    assert explorer < html.index('<details class="story">') < story
    assert html.index("</main>") < html.index("../index.html")
    assert '<code class="warning">page type is 5, passed migratetype is 1 (nr=512)</code>' in html


def test_names_that_look_like_html_are_shown_as_they_are() -> None:
    one = made_trace(lanes=2, steps=2, pageblocks=4, name="<script>alert(1)</script>")
    html = page.html(replace(one, design="<b>&mine"), OPTIONS)
    assert "<script>alert" not in html and "<b>&mine" not in html
    assert "&lt;script&gt;alert" in html


def test_the_page_asks_for_nothing_from_outside() -> None:
    html = page.html(trace(B1), OPTIONS)
    assert "default-src 'none'" in html
    links = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert links == ["data:,"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|WebSocket", html)


# ---- how it behaves ------------------------------------------------------------------


def test_the_arrow_keys_go_forward_and_back_and_stop_at_the_ends(open_page: Open) -> None:
    one = open_page(page.html(trace(B1), OPTIONS))
    press = one.page.keyboard.press
    assert (one.shown(), one.chosen()) == ([0], [])
    press("ArrowLeft")
    assert one.shown() == [0]
    for step in (1, 2, 3, 3):
        press("ArrowRight")
        assert (one.shown(), one.chosen()) == ([step], [str(step)])
        assert one.page.locator("#slider").input_value() == str(step)
    press("ArrowUp")
    assert one.shown() == [2]
    press("Home")
    assert (one.shown(), one.chosen()) == ([0], [])
    press("End")
    assert one.shown() == [3]


def test_slider_buttons_and_clicks_step_too(open_page: Open) -> None:
    one = open_page(page.html(trace(B1), OPTIONS))
    one.page.locator("#slider").fill("2")
    assert one.shown() == [2]
    one.page.locator("#forward").click()
    assert one.shown() == [3]
    one.page.locator("#back").click()
    one.page.locator("#back").click()
    assert one.shown() == [1]
    one.page.locator('.step[data-step="3"]').click()
    one.page.mouse.move(0, 0)
    assert (one.shown(), one.chosen()) == ([3], ["3"])
    # A focused slider moves by one, not by two.
    one.page.locator("#slider").focus()
    one.page.keyboard.press("ArrowLeft")
    assert one.shown() == [2]
    assert one.page.locator("#slider").get_attribute("aria-valuetext") == (
        "step 2 of 3: #1 del_page_from_free_list(head)"
    )


@pytest.mark.parametrize("how", ["hover", "focus"])
def test_a_step_that_is_looked_at_shows_what_it_read_and_wrote(open_page: Open, how: str) -> None:
    one = open_page(page.html(trace(B1), OPTIONS))
    one.page.keyboard.press("End")
    getattr(one.page.locator('.step[data-step="1"]'), how)()
    assert (one.shown(), one.chosen()) == ([1], ["3"])
    figures = one.page.locator("#moment-1 figure")
    assert figures.nth(0).locator(".read").count() == 2  # the page, and its type
    assert figures.nth(0).locator(".wrote").count() == 0
    assert figures.nth(1).locator(".wrote").count() == 1
    words = one.page.locator("#moment-1 dl").inner_text()
    assert "the type of tail; the page at tail" in words
    one.page.mouse.move(0, 0)
    one.page.locator("#back").focus()
    assert one.shown() == [3]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_dark_and_light_follow_the_system_until_they_are_chosen(
    open_page: Open, system: str
) -> None:
    grounds = dict(zip(("light", "dark"), svg.COLOURS["page"], strict=True))
    other = {"light": "dark", "dark": "light"}[system]
    one = open_page(page.html(trace(B1), OPTIONS), color_scheme=system)
    toggle = one.page.get_by_role("button", name="dark")
    assert one.colour() == grounds[system]
    assert toggle.get_attribute("aria-pressed") == str(system == "dark").lower()
    toggle.click()
    assert one.colour() == grounds[other]
    assert toggle.get_attribute("aria-pressed") == str(other == "dark").lower()
    toggle.click()
    assert one.colour() == grounds[system]


CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = parse(c).map(v => (v /= 255) <= 0.03928
    ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05); };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if ((parse(c)[3] ?? 1) > 0) return c; } };
  const found = [];
  for (const e of document.querySelectorAll("p, dt, dd, b, figcaption, li, button, h1, h2"))
    if (e.checkVisibility() && e.textContent.trim())
      found.push([ratio(getComputedStyle(e).color, ground(e)), e.textContent.slice(0, 40)]);
  for (const t of document.querySelectorAll("svg text"))
    if (t.checkVisibility() && t.previousElementSibling?.tagName === "rect")
      found.push([ratio(getComputedStyle(t).fill,
        getComputedStyle(t.previousElementSibling).fill), t.textContent]);
  return found;
}"""


@pytest.mark.parametrize("system", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(open_page: Open, system: str) -> None:
    one = open_page(page.html(trace("v6.12-undo-large-buddy"), OPTIONS), color_scheme=system)
    checked = 0
    for _ in range(6):
        for ratio, text in one.page.evaluate(CONTRAST):
            assert ratio >= 4.5, text
            checked += 1
        one.page.keyboard.press("ArrowRight")
    assert checked > 300


@pytest.mark.parametrize("width", [1280, 800, 400])
@pytest.mark.parametrize("many", [False, True])
def test_the_page_itself_is_never_wider_than_the_window(
    open_page: Open, width: int, many: bool
) -> None:
    one = open_page(page.html(made_trace(loop=11) if many else trace(B1), OPTIONS), width=width)
    for key in ("End", "ArrowLeft"):
        one.page.keyboard.press(key)
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    # What is chosen is to be seen, and not below the memory.
    step = one.page.locator('.step[aria-current="step"]')
    box, memory = step.bounding_box(), one.page.locator(".memory").bounding_box()
    assert box and memory and 0 <= box["y"] <= 860 - 20
    assert width > 1024 or box["y"] + box["height"] > memory["y"] + memory["height"]


def test_without_javascript_every_state_is_there_to_scroll_through(open_page: Open) -> None:
    one = open_page(page.html(trace(B1), OPTIONS), java_script_enabled=False)
    assert one.page.locator(".moment:visible").count() == 4
    assert one.page.locator("#slider:visible").count() == 0


def test_a_loop_is_marked_where_it_begins_and_where_it_goes_back() -> None:
    one = made_trace(lanes=2, steps=6, pageblocks=4, loop=3)
    html = page.html(one, OPTIONS)
    begin, end = (row.text for row in sheet(OPTIONS.interleave(one)).rows if row.lane < 0)
    part = html.partition(f'<li class="part">{begin}</li>')
    assert 'data-step="2"' in part[0] and 'data-step="3"' not in part[0]
    assert f'<p class="again">{end}</p>' in part[2].partition('data-step="6"')[2]


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(GALLERY.rglob("*.html")), ids=lambda p: p.parent.name)
def test_the_committed_pages_open_without_a_complaint(open_page: Open, path: Path) -> None:
    one = open_page(path)
    if path.name == "page.html":
        saved = json.loads((path.parent / "trace.json").read_text(encoding="utf-8"))
        last = len(OPTIONS.interleave(trace_from_json(saved)).events)
        one.page.keyboard.press("End")
        assert one.shown() == [last]
    for link in one.page.locator("a[href]").all():
        target = (link.get_attribute("href") or "").partition("#")[0]
        assert (path.parent / target).exists(), target
    for image in one.page.locator("img").all():
        image.scroll_into_view_if_needed()
        one.page.wait_for_function("e => e.complete", arg=image.element_handle())
        assert image.evaluate("e => e.naturalWidth") > 100


@pytest.mark.parametrize("width", [700, 1280])
def test_a_page_that_is_printed_or_saved_as_pdf_shows_every_step_whole(
    open_page: Open, width: int
) -> None:
    """Browsers print every state; nothing is left behind a scroll bar."""
    opened = open_page(page.html(made_trace(steps=3), OPTIONS), width=width)
    opened.page.emulate_media(media="print")
    assert opened.shown() == [0, 1, 2, 3]
    assert not opened.page.locator(".bar, .theme").filter(visible=True).count()
    hidden = """all => all.filter(e => ["auto", "scroll", "hidden"].includes(
        getComputedStyle(e).overflowY)).map(e => e.className)"""
    assert opened.page.locator(".memory, .wide, .calls").evaluate_all(hidden) == []
    for figure in opened.page.locator("figure svg").all():
        box = figure.bounding_box()
        assert box["x"] + box["width"] <= width
    assert opened.page.pdf().startswith(b"%PDF")
