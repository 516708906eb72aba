"""Build, check and grade the course's notebooks. The command is `bncourse`; start reading at grader/cli.py."""

import sys

# jsonschema imports this package where it is installed, which parses a grammar for seconds, to check a kind of address
# that no notebook has. Without it jsonschema leaves that check out.
sys.modules.setdefault("rfc3987_syntax", None)
