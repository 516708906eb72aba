"""Late penalties as nbgrader's AssignLatePenalties has them, by the plugin that the class has chosen."""

from nbgrader.api import SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from grader.errors import CourseError
from grader.grading.outputs import line


class Late:
    """The class's rule for late work. Raises CourseError where its plugin cannot be had."""

    def __init__(self, config: Config) -> None:
        try:
            self._step = AssignLatePenalties(config=config)
            self._step.init_plugin()
        except Exception as error:  # of the import, of traitlets, of the plugin itself
            own = config.AssignLatePenalties.get("plugin_class")
            raise CourseError(
                f"nbgrader_config.py: AssignLatePenalties.plugin_class = {own!r} cannot be used "
                f"({type(error).__name__}: {line(str(error))}). A module of your own lies beside nbgrader_config.py."
            ) from None

    def penalize(self, notebook: SubmittedNotebook, student: str, seconds: float) -> None:
        """Set what a submitted notebook loses, by its score, for being so late; nothing where that is 0 s.

        Raises CourseError where the plugin stops, or gives no number.
        """
        notebook.late_submission_penalty = None
        if seconds <= 0:
            return
        try:
            penalty = self._step.plugin_inst.late_submission_penalty(student, notebook.score, seconds)
            if penalty is not None:
                notebook.late_submission_penalty = self._step._check_late_penalty(notebook, float(penalty))
        except Exception as error:  # the class's own plugin
            what = f"{type(error).__name__}: {line(str(error))}"
            raise CourseError(f"The class's plugin for late penalties stopped at {student!r}: {what}") from None
