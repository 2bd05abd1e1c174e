"""What the server says of itself over HTTP (RFC 7644 section 4): configuration, resource types and schemas."""

from __future__ import annotations

import msgspec

from doorlist.errors import Forbidden, NotFound
from doorlist.scim import discovery
from doorlist.scim.catalogue import Catalogue
from doorlist.scim.messages import render_list
from doorlist.service.searching import Limits
from doorlist.web.methods import allow, options
from doorlist.web.replies import Reply, json_reply
from doorlist.web.requests import Request


class Discovery:
    """The three discovery addresses, for addresses under `base`."""

    def __init__(self, base: str, limits: Limits, *, max_body: int) -> None:
        self._base = base
        self._configuration = discovery.service_provider_config(
            base=base, default_page=limits.default_page, max_page=limits.max_page, max_body=max_body
        )

    def configuration(self, request: Request) -> Reply:
        """ServiceProviderConfig, which needs no credential (RFC 7643 section 5)."""
        request.check_accept()
        if allow(request, "GET") == "OPTIONS":
            return options("GET")
        return json_reply(200, self._configuration)

    def discover(self, request: Request, parts: list[str], served: Catalogue) -> Reply:
        """ResourceTypes or Schemas of an organization, all or one. Raises `NotFound`, or `Forbidden` for a filter."""
        if allow(request, "GET") == "OPTIONS":
            return options("GET")
        if "filter" in request.parameters():
            raise Forbidden("Discovery addresses cannot be filtered.", place="filter")
        if parts[0] == "Schemas":
            found = [discovery.schema(item, base=self._base) for item in discovery.schemas_of(served.types)]
        else:
            found = [discovery.resource_type(item, base=self._base) for item in served.types]
        if len(parts) == 1:
            encoded = [msgspec.json.encode(item) for item in found]
            return Reply(200, render_list(encoded, total=len(encoded), start_index=1))
        wanted = "/".join(parts[1:]).lower()
        for item in found:
            if item["id"].lower() == wanted:
                return json_reply(200, item)
        raise NotFound(f"There is no {parts[0].removesuffix('s')} of this name.")
