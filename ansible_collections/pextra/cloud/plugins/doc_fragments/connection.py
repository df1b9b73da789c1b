# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where the cloud is and who asks; the options are `CONNECTION_ARGUMENTS` of `module_utils.settings`."""

    DOCUMENTATION = r"""
options:
  endpoints:
    description:
      - Addresses of the cloud's API, such as V(https://cloud.example:8440). Of several, another is asked when one does
        not answer.
      - Without it, E(PEXTRA_ENDPOINTS) or E(PEXTRA_ENDPOINT) (with commas between several), or the profile's.
    type: list
    elements: str
    aliases:
      - endpoint
  token:
    description:
      - The bearer token that says who asks.
      - Without it, E(PEXTRA_TOKEN) or the profile's.
    type: str
  profile:
    description:
      - The profile of the C(pextra) command whose settings are used where an option and the environment say
        nothing. The file is C($XDG_CONFIG_HOME/pextra/config.yaml) on the host where the module runs; reading it
        needs PyYAML there.
      - Without it, E(PEXTRA_PROFILE) or the file's current one.
    type: str
  ca:
    description:
      - File of certificates (PEM) to trust instead of the system's.
      - Without it, E(PEXTRA_CA) or the profile's.
    type: path
  api_timeout:
    description:
      - Seconds that one call may take, attempts at other endpoints and repetitions included.
    type: int
    default: 60
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or would change in C(check_mode)), when in diff mode.
notes:
  - The module speaks to the API over HTTP, so it can run anywhere from where the API is reached, usually on
    C(localhost).
  - An object of another tenant that may not be seen is answered exactly as if there were none.
"""

    # For plugins that run on the controller, where Ansible itself reads the environment.
    PLUGIN = r"""
options:
  endpoints:
    description:
      - Addresses of the cloud's API. Of several, another is asked when one does not answer.
      - Without it, those of the profile.
    type: list
    elements: str
    env:
      - name: PEXTRA_ENDPOINTS
      - name: PEXTRA_ENDPOINT
  token:
    description:
      - The bearer token that says who asks. Without it, that of the profile.
    type: str
    env:
      - name: PEXTRA_TOKEN
  profile:
    description:
      - The profile of the C(pextra) command whose settings are used where nothing else is said; the current one
        without it.
    type: str
    env:
      - name: PEXTRA_PROFILE
  ca:
    description:
      - File of certificates (PEM) to trust instead of the system's.
    type: path
    env:
      - name: PEXTRA_CA
  api_timeout:
    description:
      - Seconds that one call may take, attempts at other endpoints and repetitions included.
    type: int
    default: 60
"""
