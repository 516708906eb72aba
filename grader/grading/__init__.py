"""Grading a class: rebuild, execute in a jail, decide outside, store, report."""

import sys

# jsonschema imports it, where it is there, to check IRIs, which no notebook has; it parses a grammar for half a second.
sys.modules.setdefault("rfc3987_syntax", None)
