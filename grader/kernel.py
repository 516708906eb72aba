"""How the course starts Jupyter kernels."""

# Arguments for ipykernel: no remarks on the transport, which is this machine's loopback.
QUIET_KERNEL = ["--IPKernelApp.log_level=40"]
