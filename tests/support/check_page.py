"""check_page.py FILE: is it one self-contained HTML page? Prints the first fault and fails.

Elements are closed in order, nothing refers to another place, the policy allows the inline style and
script by their digest and nothing else, headings and tables are ones that a screen reader can use.
"""
import base64
import hashlib
import html.parser
import re
import sys

VOID = {"meta", "br", "input"}
REFERENCES = {"src", "srcset", "data", "action", "formaction", "poster", "background", "style",
              "xlink:href", "cite", "ping", "manifest", "srcdoc"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.ids, self.links = [], set(), []
        self.texts = {"style": "", "script": ""}
        self.policy = self.lang = self.title = None
        self.levels = []

    def fault(self, text):
        line, column = self.getpos()
        sys.exit(f"{sys.argv[1]}:{line}:{column + 1}: {text}")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if len(values) != len(attributes):
            self.fault(f"an attribute of <{tag}> stands twice")
        for name, value in attributes:
            if name in REFERENCES or name.startswith("on"):
                self.fault(f"<{tag} {name}>")
            if name == "href":
                if not (tag == "a" and value.startswith("#")):
                    self.fault(f"<{tag} href={value}>")
                self.links.append(value[1:])
            if name == "id":
                if value in self.ids:
                    self.fault(f"the id {value} is there twice")
                self.ids.add(value)
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "meta" and "http-equiv" in values:
            if values["http-equiv"] != "Content-Security-Policy" or self.policy:
                self.fault("http-equiv " + values["http-equiv"])
            self.policy = values["content"]
        if tag == "th" and values.get("scope") not in {"col", "row"}:
            self.fault("<th> without a scope")
        if tag == "input" and "aria-label" not in values:
            self.fault("<input> without a label")
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
            if self.levels[-1] > (self.levels[-2] if len(self.levels) > 1 else 0) + 1:
                self.fault(f"<{tag}> skips a level")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.fault(f"</{tag}> closes nothing")

    def handle_comment(self, data):
        self.fault("a comment")

    def handle_decl(self, decl):
        if decl != "doctype html":
            self.fault(decl)

    unknown_decl = handle_pi = handle_comment

    def handle_data(self, data):
        inside = self.stack[-1] if self.stack else ""
        if inside in self.texts:
            self.texts[inside] += data
        elif inside == "title":
            self.title = data
        elif re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", data):
            self.fault("a control character")


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    page.close()
    if page.stack:
        page.fault(f"<{page.stack[-1]}> stays open")
    for link in page.links:
        if link not in page.ids:
            page.fault(f"no element has the id {link}")
    for word in ("url(", "@import", "expression(", "image-set(", "fetch(", "XMLHttpRequest", "innerHTML",
                 "eval(", "document.write"):
        if word in page.texts["style"] + page.texts["script"]:
            page.fault(word)
    wanted = {"default-src 'none'", "base-uri 'none'", "form-action 'none'",
              "style-src " + digest(page.texts["style"]), "script-src " + digest(page.texts["script"])}
    if page.texts["script"] == "":
        wanted = {rule for rule in wanted if not rule.startswith("script-src")}
    rules = set(page.policy.split("; "))
    if not wanted <= rules or (rules - wanted and page.texts["script"]):
        page.fault(f"policy {page.policy}")
    if page.lang != "en" or not page.title or page.levels[:1] != [1] or page.levels.count(1) != 1:
        page.fault("language, title or main heading is missing")


main()
