"""The pages of the source tree, which the tests of what is printed go through."""
import re


def pages_of(root):
    """All pages below ROOT, by their paths relative to it, without those of builds."""
    found = (p.relative_to(root) for p in root.rglob("*.md"))
    return sorted(p for p in found
                  if not re.search(r"(^|/)(build[^/]*|\.[^/]+|node_modules)/", str(p)))
