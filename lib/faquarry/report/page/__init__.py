"""One page about a lake: ``faquarry report``. Self-contained HTML, made from questions to the tables."""

from faquarry.report.page.build import write_page

__all__ = ["write_page"]
