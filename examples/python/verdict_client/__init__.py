"""Asks a Verdict server who may do what.

>>> from verdict_client import Check, Verdict
>>> with Verdict("unix:/run/verdict/verdict.sock", organization="acme") as verdict:
...     if verdict.allows("user:mia", "edit", "destination/D1", workspace="prod"):
...         ...
"""

from .answers import Answer, Answers, Effect, Visibility
from .client import Verdict, VerdictError
from .questions import Check
from .security import TLS

__all__ = ["TLS", "Answer", "Answers", "Check", "Effect", "Verdict", "VerdictError", "Visibility"]
