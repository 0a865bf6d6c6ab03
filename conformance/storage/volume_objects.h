// Volumes and claims as the tests of binding make them: small, of a class that nobody else uses, never mounted.
#pragma once

#include "harness/runner/conformance_test.h"

namespace plumb::harness {

inline Json volume_object(const Cluster& c, const std::string& name, const std::string& size, const Json& more = Json::object()) {
  Json spec{{"capacity", {{"storage", size}}}, {"accessModes", {"ReadWriteOnce"}}, {"storageClassName", c.unique("class")}, {"hostPath", {{"path", "/tmp/plumb-" + c.unique(name)}}}};
  spec.merge_patch(more);
  return {{"apiVersion", "v1"}, {"kind", "PersistentVolume"}, {"metadata", {{"name", c.unique(name)}}}, {"spec", std::move(spec)}};
}

inline Json claim_object(const Cluster& c, const std::string& name, const std::string& size, const Json& more = Json::object()) {
  Json spec{{"accessModes", {"ReadWriteOnce"}}, {"storageClassName", c.unique("class")}, {"resources", {{"requests", {{"storage", size}}}}}};
  spec.merge_patch(more);
  return {{"apiVersion", "v1"}, {"kind", "PersistentVolumeClaim"}, {"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
}

inline const Resource persistent_volumes{"v1", "persistentvolumes", ""};
inline Resource claims_of(const Cluster& c) { return c.in("v1", "persistentvolumeclaims"); }

inline Json await_phase(Cluster& c, const Resource& in, const std::string& name, const std::string& phase, Where where = Where::current()) {
  return c.await(in, name, name + " to be " + phase, [&](const Json* object) { return object != nullptr && text_at(*object, "/status/phase") == phase; },
                 timeouts::pod_gone, where);
}
// The claim, once it is bound to that volume, and the volume to it.
inline Json await_bound(Cluster& c, const std::string& claim, const std::string& volume, Where where = Where::current()) {
  Json bound = await_phase(c, claims_of(c), claim, "Bound", where);
  c.require(text_at(bound, "/spec/volumeName") == c.unique(volume), claim + " to be bound to " + volume + ", not to " + text_at(bound, "/spec/volumeName"), where);
  const Json of = await_phase(c, persistent_volumes, c.unique(volume), "Bound", where);
  c.require(text_at(of, "/spec/claimRef/uid") == text_at(bound, "/metadata/uid"), "the volume to name the claim", where);
  return bound;
}

}  // namespace plumb::harness
