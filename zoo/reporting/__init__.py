"""What a run leaves for people: a report as one HTML file, and a model card in the hub's format."""

from __future__ import annotations

from zoo.reporting.again import papers_again
from zoo.reporting.examples import worst_examples
from zoo.reporting.model_card import card_text
from zoo.reporting.report import report_text, write_report
from zoo.reporting.writing import papers

__all__ = ["card_text", "papers", "papers_again", "report_text", "worst_examples", "write_report"]
