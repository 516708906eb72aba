"""A class on disk: nbgrader's course, its feedback and its exports."""
