"""How XLA is set up in the suite; imported before jax, and importing nothing."""


def xla_flags(*, devices: int) -> str:
    """Gives `XLA_FLAGS` for so many fake devices on CPU.

    Most of the suite's time goes into compiling programs that run once or twice: LLVM is told not
    to optimise what XLA leaves to it. Whatever is compared with each other has to be set up so.
    """
    return f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
