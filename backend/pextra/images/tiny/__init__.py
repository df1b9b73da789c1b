"""A bootable guest of some twenty MiB, built from the distribution's packages.

It exists so that demonstrations and tests boot a real operating system without downloading one. See
`build_tiny_image` for what it does, and `guest/init` for how.
"""

from pextra.images.tiny.build import BuiltImage, build_tiny_image
from pextra.images.tiny.failure import ImageBuildError

__all__ = ["BuiltImage", "ImageBuildError", "build_tiny_image"]
