"""Rehearsals of identity providers against any SCIM 2.0 endpoint: what they send, what they need, what they do next."""

from entrasim.conformance.report import Finding, Report
from entrasim.conformance.running import PROFILES, rehearse

__all__ = ["PROFILES", "Finding", "Report", "rehearse"]
