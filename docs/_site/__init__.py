"""The pages of `docs/` as a site: what Sphinx does not do by itself.

In reading order:

    markdown     a page that is plain Markdown, as MyST's: contents, captions, links
    docstrings   our docstrings as reStructuredText
    names        the public names, and how each is shown
    sources      pages for files of the repository
    putting_in   these put into Sphinx
    checking     all links of the site that was built: `python -m docs._site.checking`

Only `sources` and `putting_in` need Sphinx.  `conf.py` has the settings.
"""
