"""The arguments that the course gives its kernels are ipykernel's own, and keep it quiet."""

import logging

from ipykernel.kernelapp import IPKernelApp

from grader.kernel import QUIET_KERNEL


def test_kernels_say_what_is_an_error_and_no_less():
    app = IPKernelApp()
    app.parse_command_line([*QUIET_KERNEL])
    assert app.log_level == logging.ERROR
    assert app.extra_args == []  # all of it was understood
