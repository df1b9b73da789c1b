"""The provider of Terraform and OpenTofu: every kind of the API as a resource and as a data source.

It speaks the plugin protocol, version 6, without a framework in between; what a resource promises is kept by
`pextra_client.lifecycle`.
"""
