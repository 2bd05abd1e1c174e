"""The management API: everything that administrators do, for programs; on FastAPI, beside SCIM and not in its way."""
