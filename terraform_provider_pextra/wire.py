"""The messages of plugin protocol 6 that this provider needs.

Only what is on the wire counts, so a table says it all: an enumeration is an integer there, a map a repeated pair of
key and value, and fields that are not named here are passed over by whoever reads them.

Source: Terraform plugin protocol 6.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from terraform_provider_pextra.protobuf import declared

FIELDS: Final[Mapping[str, str]] = {
    "DynamicValue": "msgpack=1:bytes json=2:bytes",
    "Diagnostic": "severity=1:int32 summary=2:string detail=3:string attribute=4:AttributePath",
    "AttributePath": "steps=1:*AttributePath.Step",
    "AttributePath.Step": "attribute_name=1:string element_key_string=2:string element_key_int=3:int64",
    "RawState": "json=1:bytes",
    "ServerCapabilities": "plan_destroy=1:bool get_provider_schema_optional=2:bool move_resource_state=3:bool",
    "ClientCapabilities": "deferral_allowed=1:bool write_only_attributes_allowed=2:bool",
    "Schema": "version=1:int64 block=2:Schema.Block",
    "Schema.Block": "version=1:int64 attributes=2:*Schema.Attribute description=4:string description_kind=5:int32",
    "Schema.Attribute": "name=1:string type=2:bytes description=3:string required=4:bool optional=5:bool "
    "computed=6:bool sensitive=7:bool description_kind=8:int32 deprecated=9:bool nested_type=10:Schema.Object "
    "write_only=11:bool",
    "Schema.Object": "attributes=1:*Schema.Attribute nesting=3:int32",
    "SchemaEntry": "key=1:string value=2:Schema",
    "TypeName": "type_name=1:string",
    "Empty": "",
    "Typed": "type_name=1:string config=2:DynamicValue client_capabilities=3:ClientCapabilities",
    "Diagnostics": "diagnostics=1:*Diagnostic",
    "GetMetadata.Response": "server_capabilities=1:ServerCapabilities diagnostics=2:*Diagnostic "
    "data_sources=3:*TypeName resources=4:*TypeName ephemeral_resources=6:*TypeName",
    "GetProviderSchema.Response": "provider=1:Schema resource_schemas=2:*SchemaEntry "
    "data_source_schemas=3:*SchemaEntry diagnostics=4:*Diagnostic "
    "server_capabilities=6:ServerCapabilities ephemeral_resource_schemas=8:*SchemaEntry",
    "ValidateProviderConfig.Request": "config=1:DynamicValue",
    "ValidateProviderConfig.Response": "diagnostics=2:*Diagnostic",
    "UpgradeResourceState.Request": "type_name=1:string version=2:int64 raw_state=3:RawState",
    "UpgradeResourceState.Response": "upgraded_state=1:DynamicValue diagnostics=2:*Diagnostic",
    "ConfigureProvider.Request": "terraform_version=1:string config=2:DynamicValue",
    "ReadResource.Request": "type_name=1:string current_state=2:DynamicValue private=3:bytes",
    "ReadResource.Response": "new_state=1:DynamicValue diagnostics=2:*Diagnostic private=3:bytes",
    "PlanResourceChange.Request": "type_name=1:string prior_state=2:DynamicValue proposed_new_state=3:DynamicValue "
    "config=4:DynamicValue prior_private=5:bytes",
    "PlanResourceChange.Response": "planned_state=1:DynamicValue requires_replace=2:*AttributePath "
    "planned_private=3:bytes diagnostics=4:*Diagnostic",
    "ApplyResourceChange.Request": "type_name=1:string prior_state=2:DynamicValue planned_state=3:DynamicValue "
    "config=4:DynamicValue planned_private=5:bytes",
    "ApplyResourceChange.Response": "new_state=1:DynamicValue private=2:bytes diagnostics=3:*Diagnostic",
    "ImportResourceState.Request": "type_name=1:string id=2:string",
    "ImportedResource": "type_name=1:string state=2:DynamicValue private=3:bytes",
    "ImportResourceState.Response": "imported_resources=1:*ImportedResource diagnostics=2:*Diagnostic",
    "ReadDataSource.Response": "state=1:DynamicValue diagnostics=2:*Diagnostic",
    "OpenEphemeralResource.Response": "diagnostics=1:*Diagnostic result=3:DynamicValue private=4:bytes",
    "CloseEphemeralResource.Request": "type_name=1:string private=2:bytes",
    "StopProvider.Response": "Error=1:string",
}
"""Each message with its fields, as `protobuf.declared` reads them."""

CHOICES: Final = frozenset({"AttributePath.Step"})
"""The messages of which one field is given: an index of 0 is sent."""

METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "GetMetadata": ("Empty", "GetMetadata.Response"),
    "GetProviderSchema": ("Empty", "GetProviderSchema.Response"),
    "GetResourceIdentitySchemas": ("Empty", "Empty"),
    "GetFunctions": ("Empty", "Empty"),
    "ValidateProviderConfig": ("ValidateProviderConfig.Request", "ValidateProviderConfig.Response"),
    "ValidateResourceConfig": ("Typed", "Diagnostics"),
    "ValidateDataResourceConfig": ("Typed", "Diagnostics"),
    "ValidateEphemeralResourceConfig": ("Typed", "Diagnostics"),
    "UpgradeResourceState": ("UpgradeResourceState.Request", "UpgradeResourceState.Response"),
    "ConfigureProvider": ("ConfigureProvider.Request", "Diagnostics"),
    "ReadResource": ("ReadResource.Request", "ReadResource.Response"),
    "PlanResourceChange": ("PlanResourceChange.Request", "PlanResourceChange.Response"),
    "ApplyResourceChange": ("ApplyResourceChange.Request", "ApplyResourceChange.Response"),
    "ImportResourceState": ("ImportResourceState.Request", "ImportResourceState.Response"),
    "ReadDataSource": ("Typed", "ReadDataSource.Response"),
    "OpenEphemeralResource": ("Typed", "OpenEphemeralResource.Response"),
    "CloseEphemeralResource": ("CloseEphemeralResource.Request", "Diagnostics"),
    "StopProvider": ("Empty", "StopProvider.Response"),
}
"""Each call with the messages of its request and its answer."""

SERVICE: Final = "tfplugin6.Provider"

MESSAGES: Final[Mapping[str, Any]] = declared(FIELDS, choices=CHOICES)
"""The classes of the messages, by name."""
