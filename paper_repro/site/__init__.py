"""Build the documentation site: ``python -m paper_repro.site build`` (or ``make docs``).

``docs/`` holds what people write. The claims, the coverage, the command reference and the
rendered scripts are generated from the package and laid beside it in ``build/docs``; MkDocs then
writes ``build/site``, strictly. Nothing generated is committed. Needs the ``docs`` dependencies
and a checkout of the repository; uses no network.
"""
