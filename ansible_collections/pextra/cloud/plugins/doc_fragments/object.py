# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules of all kinds have; the options are `OBJECT_ARGUMENTS` of `module_utils.objects`."""

    DOCUMENTATION = r"""
options:
  labels:
    description:
      - All labels of the object; others are removed. Without it, its labels stay as they are.
    type: dict
  annotations:
    description:
      - All annotations of the object; others are removed. Without it, its annotations stay as they are.
    type: dict
  etag:
    description:
      - The C(metadata.etag) of the object that is meant. When somebody has changed the object since, or has made
        another of its name, the task fails with C(object.stale) and changes nothing.
      - Without it, the task works on the object as it finds it; what is changed between reading and writing is read
        again.
    type: str
  replace:
    description:
      - Whether to delete the object and make it anew where a field would change that cannot change in place. What the
        object held is lost.
    type: bool
    default: false
  cascade:
    description:
      - With O(state=absent), whether to take along what depends on the object, and a tenant's content.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the object is ready, or has gone, and until an act has ended.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
    details:
      - The prediction is the API's own dry run, with the object as it would be.
      - In check mode, a tenant that is not there is taken for one that an earlier task is about to make, if it
        could be.
  diff_mode:
    support: full
    details:
      - The diff comes from the API's dry run, in check mode and in a real run alike. Secrets never are in it.
"""
