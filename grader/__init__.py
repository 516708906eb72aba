"""Build, check and grade the course's notebooks. The command is `bncourse`; start reading at grader/cli.py."""
