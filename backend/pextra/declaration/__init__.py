"""How a resource kind is declared, and everything that follows from a declaration without I/O.

`kind` is what an author writes, `fields` reads a spec's marked fields, `diff` compares two specs,
`registry` is the set of kinds that a cloud has, `schema` is the published form.
"""
