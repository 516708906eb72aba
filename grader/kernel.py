"""How the course starts Jupyter kernels."""

import logging

# Arguments for ipykernel: no remarks on the transport, which is this machine's loopback.
QUIET_KERNEL = ["--IPKernelApp.log_level=40"]

# What nbclient and jupyter_client would say of a kernel, we do. The log that they take by default is nbgrader's, too.
NO_LOG = logging.getLogger("bncourse.kernel")
NO_LOG.disabled = True
