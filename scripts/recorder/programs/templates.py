"""Pages are filled from templates, regular expressions find their links again."""

import html
import re
import string

page = string.Template("<h1>$title</h1><ul>$items</ul>")
item = string.Template('<li><a href="$url">$text</a></li>')
link = re.compile(r'<a href="(?P<url>[^"]*)">(?P<text>[^<]*)</a>')
seen = {}
for n in range(100):
    items = "".join(
        item.substitute(url=f"/{n}/{i}", text=html.escape(f"<{i}>")) for i in range(20)
    )
    text = page.substitute(title=f"page {n}", items=items)
    for match in link.finditer(text):
        seen[match["url"]] = html.unescape(match["text"])
    if n % 10 == 9:
        seen.clear()
