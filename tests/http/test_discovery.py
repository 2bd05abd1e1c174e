"""Discovery over HTTP, read by scim2-models (RFC 7643 sections 5 to 7, RFC 7644 section 4)."""

from __future__ import annotations

import httpx2 as httpx
import scim2_models

from doorlist.web.app import App
from tests.http.conftest import ENTERPRISE_URN, GROUP_URN, USER_URN, Directory
from tests.http.test_refusals import refused


async def test_the_configuration_is_complete_and_told_to_everybody(app: App) -> None:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # App is an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="https://doorlist.example/scim/v2") as stranger:
        answer = await stranger.get("/ServiceProviderConfig")
    config = scim2_models.ServiceProviderConfig.model_validate(answer.json())
    for part in (config.patch, config.bulk, config.filter, config.change_password, config.sort, config.etag):
        assert part is not None
        assert isinstance(part.supported, bool)
    assert [str(scheme["type"]) for scheme in answer.json()["authenticationSchemes"]] == ["oauthbearertoken"]
    assert {"cursor", "index"} <= answer.json()["pagination"].keys()


async def test_schemas_and_resource_types_are_lists_and_single_by_id(directory: Directory) -> None:
    for path, ids in (("/Schemas", {USER_URN, GROUP_URN, ENTERPRISE_URN}), ("/ResourceTypes", {"User", "Group"})):
        listed = (await directory.call("GET", path)).json()
        assert {item["id"] for item in listed["Resources"]} == ids
        assert listed["totalResults"] == listed["itemsPerPage"] == len(ids)
        for item in listed["Resources"]:
            single = await directory.call("GET", f"{path}/{item['id']}")
            assert single.json() == item
            assert item["meta"]["location"] == str(single.url)
            assert (await directory.call("GET", f"{path}/{item['id'].upper()}")).json() == item
        refused(await directory.call("GET", f"{path}/unknown"), 404, None)
        refused(await directory.call("GET", f"{path}/User/more"), 404, None)
        refused(await directory.call("GET", path, params={"filter": 'id eq "User"'}), 403, None)
        paged = await directory.call("GET", path, params={"startIndex": 2, "count": 1, "attributes": "id"})
        assert paged.json() == listed, "query parameters are ignored"


async def test_every_published_attribute_can_be_asked_for(directory: Directory) -> None:
    """What /Schemas promises holds: attributes, filters and, with few exceptions, sortBy know each attribute."""
    rows = {"groups", "members"}
    for path, urns in (("/Users", (USER_URN, ENTERPRISE_URN)), ("/Groups", (GROUP_URN,))):
        for urn in urns:
            schema = (await directory.call("GET", f"/Schemas/{urn}")).json()
            for attribute in schema["attributes"]:
                names = [
                    attribute["name"],
                    *(f"{attribute['name']}.{sub['name']}" for sub in attribute.get("subAttributes", [])),
                ]
                for name in names:
                    answer = await directory.call(
                        "GET", path, params={"filter": f"{urn}:{name} pr", "attributes": name}
                    )
                    assert answer.status_code == 200, name
                    sortable = attribute["type"] != "complex" or "." in name
                    if sortable and attribute["name"] not in rows:
                        sort = {"sortBy": f"{urn}:{name}", "sortOrder": "descending", "count": 1}
                        assert (await directory.call("GET", path, params=sort)).status_code == 200, name
