"""What a host has, as its kernel tells in sysfs and procfs: no program is run, nothing is changed.

`observation.observe` reads it all; each other module reads one part. Whatever is absent is None or empty, as
containers, virtual machines and older kernels show less; what is there but makes no sense is named under `problems`,
and costs nothing but itself.
"""
