#!/usr/bin/env python3
"""A preprocessor for mdBook, and a check of the built book.

Pages link to files of the repository that are not in the book, such as `../README.md`. In the book,
these links lead to the repository. `.ci/book.py check` fails if a link in `target/book`, or between
Markdown files of the repository, leads to a file or to a part of a page that does not exist.
"""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BOOK = ROOT / "target/book"
FENCE = re.compile(r"(^ *(?:```|~~~).*?^ *(?:```|~~~) *$)", re.M | re.S)
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def repository():
    """The address of the repository. It is only in Cargo.toml."""
    return re.search(r'^repository = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)


def chapters(items):
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            yield item["Chapter"]
            yield from chapters(item["Chapter"]["sub_items"])


def with_links_to_repository(text, page, pages):
    """The text of a page, with links that leave the book replaced by links to the repository."""

    def link(match):
        address = urlsplit(match.group(2))
        if address.scheme or not address.path:
            return match.group()
        target = (DOCS / page).parent.joinpath(address.path).resolve()
        is_copied = target.is_relative_to(DOCS) and target.is_file() and target.suffix != ".md"
        if target in pages or is_copied or not target.is_relative_to(ROOT):
            return match.group()
        form = "tree" if target.is_dir() else "blob"
        fragment = f"#{address.fragment}" if address.fragment else ""
        path = target.relative_to(ROOT).as_posix()
        return f"{match.group(1)}{repository()}/{form}/main/{path}{fragment}{match.group(3)}"

    parts = FENCE.split(text)
    return "".join(part if number % 2 else LINK.sub(link, part) for number, part in enumerate(parts))


def preprocess():
    _, book = json.load(sys.stdin)
    found = [chapter for chapter in chapters(book["items"]) if chapter["path"]]
    pages = {(DOCS / chapter["path"]).resolve() for chapter in found}
    for chapter in found:
        chapter["content"] = with_links_to_repository(chapter["content"], chapter["path"], pages)
    json.dump(book, sys.stdout)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def wrong_links(book):
    """The broken links of a built book."""
    pages = {path: Page(path.read_text()) for path in sorted(book.rglob("*.html"))}
    for path, page in pages.items():
        if path.name in ("404.html", "toc.html"):
            # Their links are relative to pages at other paths.
            continue
        for link in page.links:
            address = urlsplit(link)
            source = f"{repository()}/"
            if link.startswith(source):
                file = re.sub(r"^(blob|tree)/main/", "", link.removeprefix(source).partition("#")[0])
                if not (ROOT / file).exists():
                    yield path, link
                continue
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            target = target / "index.html" if target.is_dir() else target
            fragment = unquote(address.fragment)
            if not target.exists() or fragment and target in pages and fragment not in pages[target].ids:
                yield path, link


def anchors(page):
    """The anchors that forges give the headings of a Markdown file."""
    found = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", page.read_text()), re.M):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
    return {anchor + (f"-{number}" if number else "") for anchor, last in found.items() for number in range(last + 1)}


def wrong_links_of_forges():
    """The broken links between the Markdown files of the repository."""
    listed = subprocess.run(["git", "ls-files", "*.md"], check=True, capture_output=True, text=True, cwd=ROOT)
    for name in listed.stdout.splitlines():
        page = ROOT / name
        for _, link, _ in LINK.findall(FENCE.sub("", page.read_text())):
            address = urlsplit(link)
            target = page.parent / address.path if address.path else page
            if address.scheme or page.is_symlink():
                continue
            is_page = target.suffix == ".md" and target.is_file()
            if not target.exists() or address.fragment and is_page and address.fragment not in anchors(target):
                yield page, link


def check():
    if not (BOOK / "index.html").exists():
        sys.exit("build the book first: mdbook build")
    wrong = sorted({*wrong_links(BOOK), *wrong_links_of_forges()})
    for path, link in wrong:
        print(f"{path.relative_to(ROOT)}: {link} leads nowhere")
    return bool(wrong)


def main():
    match sys.argv[1:]:
        case ["check"]:
            return check()
        case ["supports", renderer]:
            return renderer != "html"
        case _:
            preprocess()


if __name__ == "__main__":
    sys.exit(main())
