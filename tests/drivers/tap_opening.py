"""Opens a tap as whoever runs this: a program that succeeds when that is allowed."""

import fcntl
import os
import struct
import sys

name, node = sys.argv[1:]
descriptor = os.open(node, os.O_RDWR)
fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1002))
