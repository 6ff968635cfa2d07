"""docutils makes HTML of a manual, which is written here."""

from docutils.core import publish_string

parts = ["Manual\n======\n"]
for n in range(25):
    parts.append(
        f"""
Chapter {n}
{'-' * 12}

Text with *emphasis*, ``code``, a reference to `Chapter {n}`_ and a note [#]_.

.. [#] A note of chapter {n}.

=====  =====
key    value
=====  =====
{n}      {n + 1}
=====  =====

- one
- two, with an item below

  - three

::

    def chapter_{n}():
        return {n}
"""
    )
publish_string("\n".join(parts), writer_name="html")
