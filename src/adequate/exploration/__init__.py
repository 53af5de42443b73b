"""Searching for designs: strategies ask, trials answer, a store remembers."""

from adequate.exploration.front import Front
from adequate.exploration.search import Result, Strategy, search
from adequate.exploration.store import Store, StoreError
from adequate.exploration.trial import Query, Trial

__all__ = ["Front", "Query", "Result", "Store", "StoreError", "Strategy", "Trial", "search"]
