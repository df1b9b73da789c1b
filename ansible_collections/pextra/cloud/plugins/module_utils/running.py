# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What every module does around its work: read the settings, fail in one line, answer."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client
from ansible_collections.pextra.cloud.plugins.module_utils.errors import PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.settings import CONNECTION_ARGUMENTS, resolve

Work = Callable[[AnsibleModule, Client], "dict[str, Any]"]


def run(options: Mapping[str, Any], work: Work, **constraints: Any) -> None:
    """Runs a module: its result is what C(work) returns, or one line that says what went wrong.

    Args:
        options: the argument spec, without the connection.
        work: is given the module and a client; in check mode it changes nothing.
        constraints: further arguments of C(AnsibleModule), such as C(required_if).
    """
    spec = dict(CONNECTION_ARGUMENTS)
    spec.update(options)
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **constraints)
    try:
        settings = resolve(module.params)
        if settings.token:
            # One from a profile is as secret as one that was given.
            module.no_log_values.add(settings.token)
        result = work(module, Client(settings))
    except PextraError as error:
        module.fail_json(msg=str(error), **error.facts)
    else:
        module.exit_json(**result)


def given(value: Any) -> Any:
    """What the author wrote of an option: what Ansible fills in for suboptions that were not given is left out."""
    if isinstance(value, dict):
        return {name: given(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [given(each) for each in value]
    return value
