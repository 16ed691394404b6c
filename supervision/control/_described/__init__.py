"""The HTTP of the control socket, described: an OpenAPI file, and a page.

`python -m supervision.control._described docs/reference` writes both, and a copy of the
file into `_endpoints`, from where it is served; a test holds them against the routes,
and real answers against the schemas.  No service needs this room.  In reading order:

    schemas         the shapes of answers as JSON Schema
    words           what an endpoint is described with
    operations      every endpoint: its parameters, its answer, what it refuses
    openapi         docs/reference/openapi.json
    markdown        docs/reference/http.md
"""
