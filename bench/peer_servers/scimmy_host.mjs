// scimmy with its routers on express, people and groups in Maps by id and by name.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { randomUUID } from "node:crypto";

function store(type, nameOf) {
  const byId = new Map(), byName = new Map();
  SCIMMY.Resources.declare(type)
    .ingress((resource, data) => {
      const plain = JSON.parse(JSON.stringify(data)), id = resource.id ?? randomUUID(), name = nameOf(plain)?.toLowerCase();
      if (resource.id && !byId.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
      const holder = byName.get(name);
      if (holder && holder !== id) throw new SCIMMY.Types.Error(409, "uniqueness", "The name is taken");
      const before = byId.get(id);
      if (before) byName.delete(nameOf(before)?.toLowerCase());
      const now = new Date().toISOString();
      const kept = { ...plain, id, meta: { resourceType: type.name, created: before?.meta.created ?? now, lastModified: now } };
      byId.set(id, kept);
      byName.set(name, id);
      return kept;
    })
    .egress((resource) => {
      if (resource.id) {
        const found = byId.get(resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        return found;
      }
      const asked = resource.filter?.[0] ?? {}, key = Object.keys(asked)[0];
      if (["userName", "displayName"].includes(key) && asked[key]?.[0] === "eq") {
        const found = byName.get(asked[key][1].toLowerCase());
        return found ? [byId.get(found)] : [];
      }
      return [...byId.values()];
    })
    .degress((resource) => { byName.delete(nameOf(byId.get(resource.id))?.toLowerCase()); byId.delete(resource.id); });
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser);
store(SCIMMY.Resources.User, (one) => one.userName);
store(SCIMMY.Resources.Group, (one) => one.displayName);
const app = express();
app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: () => "bench" }));
const listener = app.listen(0, "127.0.0.1", () => console.log(`scimmy listens on http://127.0.0.1:${listener.address().port}`));
